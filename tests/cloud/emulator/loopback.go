package emulator

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// Loopback refuses any endpoint that isn't on this machine: nothing here may ever reach an AWS account.
func Loopback(endpoints ...string) error {
	for _, e := range endpoints {
		u, err := url.Parse(e)
		if err != nil {
			return fmt.Errorf("the endpoint %q isn't a URL: %w", e, err)
		}
		if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
			return fmt.Errorf("the endpoint %q isn't a loopback address; this runs on an emulator alone", e)
		}
	}
	return nil
}

// Environment refuses endpoints for AWS that whoever runs this has set, unless they are on this machine. They wouldn't be
// used; but who has set one expects something else than an emulator.
func Environment() error {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "AWS_ENDPOINT_URL") || value == "" {
			continue
		}
		if err := Loopback(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
