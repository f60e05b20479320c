package patch

import (
	"strings"
	"testing"
)

func TestAReportAtAStepOfSurveysIsAnError(t *testing.T) {
	r := aReport(Before, true)
	r.Step = StepSurvey
	_, err := (Reporter{}).Act(t.Context(), &reportWork{Item: r})
	if err == nil || !strings.Contains(err.Error(), `report report-1 is at "survey"`) {
		t.Errorf("got %v", err)
	}
}
