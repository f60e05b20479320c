package patch

import (
	"strings"
	"testing"

	"quickstep/shared/report"
)

func TestAReportAtAStepOfSurveysIsAnError(t *testing.T) {
	r := &report.Report{ID: "report-1"}
	r.Step = report.StepSurvey
	_, err := (Reporter{}).Act(t.Context(), &reportWork{Item: r})
	if err == nil || !strings.Contains(err.Error(), `report report-1 is at "survey"`) {
		t.Errorf("got %v", err)
	}
}
