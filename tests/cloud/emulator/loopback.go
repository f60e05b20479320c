package emulator

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
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

// Local refuses any endpoint that isn't at the host, and any host but loopback and a private address that this machine itself
// has, such as that of Docker's bridge.
func Local(host string, endpoints ...string) error {
	if !own(net.ParseIP(host)) {
		return fmt.Errorf("%q is no private address of this machine", host)
	}
	for _, e := range endpoints {
		if u, err := url.Parse(e); err != nil || u.Hostname() != host {
			return fmt.Errorf("the endpoint %q isn't at %s; this runs on an emulator alone", e, host)
		}
	}
	return nil
}

func own(ip net.IP) bool {
	if ip.IsLoopback() {
		return true
	}
	addresses, err := net.InterfaceAddrs()
	return err == nil && ip.IsPrivate() && slices.ContainsFunc(addresses, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
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
