package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// bridge is the address at which containers reach this machine: the gateway of Docker's own
// network.
func bridge(ctx context.Context) (string, error) {
	if runtime.GOOS != "linux" {
		return "", errors.New(
			"the emulator runs the functions' Linux binaries by itself, so this needs Linux; " +
				"make local STACK=… CONFIRM=… works with a deployed stack everywhere",
		)
	}
	if err := daemon(ctx); err != nil {
		return "", err
	}
	out, err := docker(
		ctx,
		"network",
		"inspect",
		"bridge",
		"--format",
		"{{range .IPAM.Config}}{{.Subnet}} {{end}}",
	)
	if err != nil {
		return "", fmt.Errorf("ask Docker for its bridge: %w", err)
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	if gateway := within(out, addresses); gateway != "" {
		return gateway, nil
	}
	return "", fmt.Errorf(
		"this machine has no address in the network of Docker's bridge (%s), so containers couldn't "+
			"reach what runs here: Docker Desktop and rootless Docker are like that, Docker Engine isn't",
		out,
	)
}

// within is the first of the addresses, of IPv4, in one of the networks; empty if there is none.
func within(networks string, addresses []net.Addr) string {
	for _, text := range strings.Fields(networks) {
		_, network, err := net.ParseCIDR(text)
		if err != nil {
			continue
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && network.Contains(n.IP) {
				return n.IP.String()
			}
		}
	}
	return ""
}

// daemon says what to do if no Docker daemon answers.
func daemon(ctx context.Context) error {
	if _, err := exec.LookPath("docker"); err != nil {
		return errors.New(
			"sam local invoke runs functions in containers, and there is no docker here: " +
				"install Docker Engine (https://docs.docker.com/engine/install/); " +
				"on a machine of CI: eval \"$(.ci/docker up)\"",
		)
	}
	if _, err := docker(ctx, "version", "--format", "{{.Server.Version}}"); err != nil {
		return fmt.Errorf(
			"no Docker daemon answers; start it, or install Docker Engine "+
				"(https://docs.docker.com/engine/install/), "+
				"or on a machine of CI: eval \"$(.ci/docker up)\": %w",
			err,
		)
	}
	return nil
}

func docker(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = errors.New(strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}
