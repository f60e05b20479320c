package cloud_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"quickstep/shared/cloud"
	"quickstep/shared/cloud/cloudtest"
	"quickstep/shared/cloud/sns"
)

// environment is a Lambda function's, with nothing of the machine on which the test runs.
func environment(t *testing.T, region, endpoint string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_REGION": region, "AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_SNS": "",
		"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_SESSION_TOKEN": "session",
	} {
		t.Setenv(name, value)
	}
}

func TestTheLimitsOfACall(t *testing.T) {
	environment(t, "eu-west-1", "")
	cfg := cloud.MustLoad()
	if cfg.Region != "eu-west-1" {
		t.Errorf("Region %q", cfg.Region)
	}
	client, ok := cfg.HTTPClient.(*http.BuildableClient)
	if !ok || client.GetTimeout() != cloud.AttemptTimeout || client.GetDialer().Timeout != cloud.DialTimeout {
		t.Errorf("HTTP client %T", cfg.HTTPClient)
	}
	retryer := cfg.Retryer()
	if retryer.MaxAttempts() != cloud.Attempts {
		t.Errorf("%d attempts", retryer.MaxAttempts())
	}
	for attempt := range 30 {
		if d, err := retryer.RetryDelay(attempt+1, errors.New("throttled")); err != nil || d > cloud.MaxBackoff {
			t.Errorf("wait %d is %s, %v", attempt+1, d, err)
		}
	}
}

func TestTheEnvironmentNamesTheEndpoints(t *testing.T) {
	for _, variable := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SNS"} {
		w := cloudtest.Serve(t, func(cloudtest.Call) cloudtest.Answer {
			return cloudtest.Answer{Body: `<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>`}
		})
		environment(t, "eu-west-1", "http://127.0.0.1:1")
		t.Setenv(variable, aws.ToString(w.Config.BaseEndpoint))
		if err := sns.New(cloud.MustLoad(), "arn:aws:sns:eu-west-1:111122223333:alarms").Publish(t.Context(), "s", "text"); err != nil {
			t.Error(err)
		}
		if len(w.Calls()) != 1 {
			t.Errorf("%s: %d calls", variable, len(w.Calls()))
		}
	}
}

func TestTheCredentialsAreTheFunctions(t *testing.T) {
	environment(t, "eu-west-1", "")
	c, err := cloud.MustLoad().Credentials.Retrieve(t.Context())
	if err != nil || c.AccessKeyID != "AKIAEXAMPLE" || c.SecretAccessKey != "example" || c.SessionToken != "session" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestNothingWorksWithoutARegionAndCredentials(t *testing.T) {
	for _, variable := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Run(variable, func(t *testing.T) {
			environment(t, "eu-west-1", "")
			t.Setenv(variable, "")
			defer func() {
				if what, ok := recover().(string); !ok || !strings.Contains(what, variable) {
					t.Errorf("panicked with %q", what)
				}
			}()
			cloud.MustLoad()
		})
	}
}
