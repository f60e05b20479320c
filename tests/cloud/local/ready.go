package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"quickstep/tests/cloud/stage"
)

// readyCode is a check function of an operator's: whatever it is asked about is ready.
const readyCode = `def handler(event, context):
    return {"ready": True}
`

// putReady deploys it.
func putReady(ctx context.Context, s *stage.Stage) error {
	var code bytes.Buffer
	archive := zip.NewWriter(&code)
	file, err := archive.Create("index.py")
	if err == nil {
		_, err = file.Write([]byte(readyCode))
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		return fmt.Errorf("pack function %s: %w", ready, err)
	}
	_, err = lambda.NewFromConfig(s.Config).CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String(ready),
		Runtime:      types.RuntimePython312,
		Handler:      aws.String("index.handler"),
		Role:         aws.String("arn:aws:iam::000000000000:role/web-ready"),
		Code:         &types.FunctionCode{ZipFile: code.Bytes()},
	})
	if err != nil {
		return fmt.Errorf("create function %s: %w", ready, err)
	}
	return nil
}
