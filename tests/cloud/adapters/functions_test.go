//go:build e2e

package adapters_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"quickstep/shared/cloud/lambda"
	"quickstep/tests/contract"
)

func TestFunctions(t *testing.T) {
	t.Parallel()
	code := packed(t)
	contract.ExerciseFunctions(t, func(t *testing.T) contract.FunctionsFixture {
		var answer func(payload []byte) any
		asked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			payload, _ := io.ReadAll(r.Body)
			_ = json.NewEncoder(w).Encode(answer(payload))
		}))
		t.Cleanup(asked.Close)
		name := fresh("ready")
		must[*api.CreateFunctionOutput](t)(api.NewFromConfig(config()).CreateFunction(t.Context(), &api.CreateFunctionInput{FunctionName: &name,
			Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Role: aws.String("arn:aws:iam::000000000000:role/ready"), Timeout: aws.Int32(10),
			Code: &types.FunctionCode{ZipFile: code}, Environment: &types.Environment{Variables: map[string]string{"ANSWERS": asked.URL}}}))
		return contract.FunctionsFixture{Port: lambda.New(config()), Function: name, Answers: func(_ *testing.T, ready bool, reason string, got func([]byte)) {
			answer = func(payload []byte) any {
				got(payload)
				return map[string]any{"ready": ready, "reason": reason}
			}
		}}
	})
}

// packed is the command ready as Lambda takes it.
func packed(t *testing.T) []byte {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags=lambda.norpc", "-o", binary, "./ready")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+runtime.GOARCH)
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build ready: %v\n%s", err, said)
	}
	var all bytes.Buffer
	archive := zip.NewWriter(&all)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	file := must[io.Writer](t)(archive.CreateHeader(header))
	must[int](t)(file.Write(must[[]byte](t)(os.ReadFile(binary))))
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}
