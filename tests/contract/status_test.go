package contract_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"quickstep/shared/run"
)

// TestEveryResultOfEveryStatusCheck walks what EC2 may answer: a result that is added to the SDK has to be decided here.
func TestEveryResultOfEveryStatusCheck(t *testing.T) {
	passes, unclear, shows := run.Finding{OK: true}, run.Finding{}, run.Finding{Down: true}
	summary := map[string]map[types.SummaryStatus]run.Finding{
		"system": {"ok": passes, "impaired": unclear, "initializing": unclear, "insufficient-data": unclear,
			"not-applicable": unclear, "": unclear},
		"instance": {"ok": passes, "impaired": shows, "initializing": unclear, "insufficient-data": unclear,
			"not-applicable": unclear, "": unclear},
		"attached EBS": {"ok": passes, "impaired": unclear, "initializing": unclear, "insufficient-data": unclear,
			"not-applicable": passes, "": passes},
		"application": {"ok": passes, "impaired": shows, "initializing": unclear, "insufficient-data": unclear,
			"not-applicable": passes, "": passes, "suppressed": passes},
	}
	set := map[string]func(*run.StatusChecks, string){
		"system":       func(s *run.StatusChecks, v string) { s.System = v },
		"instance":     func(s *run.StatusChecks, v string) { s.Instance = v },
		"attached EBS": func(s *run.StatusChecks, v string) { s.EBS = v },
		"application":  func(s *run.StatusChecks, v string) { s.Application = v },
	}
	for check, results := range summary {
		for _, v := range types.SummaryStatus("").Values() {
			if _, ok := results[v]; !ok {
				t.Errorf("%s %q isn't decided", check, v)
			}
		}
		for _, v := range types.ApplicationStatusEnum("").Values() {
			if _, ok := results[types.SummaryStatus(v)]; check == "application" && !ok {
				t.Errorf("%s %q isn't decided", check, v)
			}
		}
		for result, want := range results {
			s := run.StatusChecks{State: "running", System: "ok", Instance: "ok", EBS: "ok", Application: "ok"}
			set[check](&s, string(result))
			got := s.Finding()
			if got.OK != want.OK || got.Down != want.Down || (got.Why == "") != want.OK {
				t.Errorf("%s %q: %+v, want %+v", check, result, got, want)
			}
		}
		s := run.StatusChecks{State: "running", System: "ok", Instance: "ok"}
		set[check](&s, "a new one")
		if got := s.Finding(); got.OK || got.Down {
			t.Errorf("%s with a result that nobody knows: %+v", check, got)
		}
	}
	if got := (run.StatusChecks{State: "stopped", System: "ok", Instance: "ok"}).Finding(); got.OK || got.Down {
		t.Errorf("stopped: %+v", got)
	}
}
