package main

import (
	"strings"
	"testing"
)

func TestThePagesShowHowToMakePauseResumeAndDeleteASchedule(t *testing.T) {
	t.Chdir("../..")
	for _, s := range pasted {
		for do, want := range map[string]string{
			creation: "cat >", "--state DISABLED": "update-schedule", "--state ENABLED": "update-schedule",
			"delete-schedule": "--name " + s.name,
		} {
			commands, err := s.commands(do)
			if err != nil || !strings.Contains(commands, want) || !strings.Contains(commands, do) {
				t.Errorf("%s: %v\n%s", s.page, err, commands)
			}
			if prepares := strings.Contains(commands, "output() {"); prepares != (do == creation) {
				t.Errorf("%s, %s:\n%s", s.page, do, commands)
			}
		}
		if _, err := s.commands("none-schedule"); err == nil {
			t.Errorf("%s shows what it doesn't", s.page)
		}
	}
}
