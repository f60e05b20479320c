package config_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"quickstep/shared/config"
)

type variables struct {
	Table string        `env:"QUICKSTEP_TEST_TABLE"`
	Lease time.Duration `env:"QUICKSTEP_TEST_LEASE"`
	Topic string        `env:"QUICKSTEP_TEST_TOPIC"`
	Bus   string        `env:"QUICKSTEP_TEST_BUS" envDefault:"default"`
}

// load is MustLoad with its panic as a text.
func load(t *testing.T) (v variables, panicked string) {
	t.Helper()
	logger := slog.Default()
	defer slog.SetDefault(logger)
	defer func() {
		if p := recover(); p != nil {
			panicked = fmt.Sprint(p)
		}
	}()
	config.MustLoad(&v)
	return v, ""
}

func TestMustLoad(t *testing.T) {
	for _, c := range []struct {
		name   string
		given  map[string]string
		named  []string // in the panic
		silent []string // not in it
	}{
		{"all are missing", nil, []string{"QUICKSTEP_TEST_TABLE", "QUICKSTEP_TEST_LEASE", "QUICKSTEP_TEST_TOPIC"}, []string{"QUICKSTEP_TEST_BUS"}},
		{"one is missing", map[string]string{"TABLE": "t", "LEASE": "5m"}, []string{"QUICKSTEP_TEST_TOPIC"}, []string{"QUICKSTEP_TEST_TABLE", "QUICKSTEP_TEST_LEASE"}},
		{"one is missing and one can't be read", map[string]string{"TABLE": "t", "LEASE": "five"}, []string{"QUICKSTEP_TEST_TOPIC", "Lease", `"five"`}, []string{"QUICKSTEP_TEST_TABLE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, value := range c.given {
				t.Setenv("QUICKSTEP_TEST_"+name, value)
			}
			_, panicked := load(t)
			if !strings.HasPrefix(panicked, "environment: ") {
				t.Fatalf("panicked with %q", panicked)
			}
			for _, name := range c.named {
				if !strings.Contains(panicked, name) {
					t.Errorf("%s isn't named in %q", name, panicked)
				}
			}
			for _, name := range c.silent {
				if strings.Contains(panicked, name) {
					t.Errorf("%s is named in %q", name, panicked)
				}
			}
		})
	}
}

func TestMustLoadFills(t *testing.T) {
	t.Setenv("QUICKSTEP_TEST_TABLE", "ledger")
	t.Setenv("QUICKSTEP_TEST_LEASE", "90s")
	t.Setenv("QUICKSTEP_TEST_TOPIC", "")
	v, panicked := load(t)
	if want := (variables{Table: "ledger", Lease: 90 * time.Second, Bus: "default"}); v != want || panicked != "" {
		t.Errorf("got %+v, panic %q; want %+v", v, panicked, want)
	}
}
