package ssm

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"quickstep/shared/cloud/awserr"
	"quickstep/shared/run"
)

const (
	// deliverWithin is how long SSM tries to hand the command to the agent, in seconds: the least that it allows. An
	// instance that is just rebooting won't take it, and is asked again.
	deliverWithin = 30
	// runWithin is how long the command may run on the instance, in seconds, as SSM's documents want it: a string. It
	// takes a moment; PowerShell on a machine that is still starting can take half a minute. SSM's default is an hour.
	runWithin = "60"
)

// A bootQuestion is a document of AWS that runs a command, and a command that prints what differs
// from boot to boot, and for how many seconds the system has been up, by its own counter.
// /proc/uptime has a second number behind it.
type bootQuestion struct{ document, command string }

var (
	linux = bootQuestion{"AWS-RunShellScript", `cat /proc/sys/kernel/random/boot_id /proc/uptime`}

	windows = bootQuestion{"AWS-RunPowerShellScript", `$o = Get-CimInstance Win32_OperatingSystem; ` +
		`$o.LastBootUpTime.ToUniversalTime().ToString("o"); ` +
		`($o.LocalDateTime.ToUniversalTime() - $o.LastBootUpTime.ToUniversalTime()).TotalSeconds` +
		`.ToString("F2", [cultureinfo]::InvariantCulture)`}
)

// bootID is the form of the kernel's random boot_id, a UUID.
var bootID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// AskBoot asks an instance which boot it is on; BootAnswer takes the command's id. It changes nothing on the
// instance, so asking twice is harmless. The error wraps run.ErrUnmanaged if SSM can't reach the instance.
func (s SystemsManager) AskBoot(ctx context.Context, id string, onWindows bool) (command string, err error) {
	q := linux
	if onWindows {
		q = windows
	}
	out, err := s.client.SendCommand(ctx, &api.SendCommandInput{
		InstanceIds:    []string{id},
		DocumentName:   aws.String(q.document),
		Parameters:     map[string][]string{"commands": {q.command}, "executionTimeout": {runWithin}},
		TimeoutSeconds: aws.Int32(deliverWithin),
		Comment:        aws.String("Quickstep: which boot is this?"),
	})
	if err == nil && (out.Command == nil || aws.ToString(out.Command.CommandId) == "") {
		err = errors.New("the answer has no command id")
	}
	if awserr.Code(err) == "InvalidInstanceId" {
		return "", fmt.Errorf("ask %s for its boot: %w: %w", id, run.ErrUnmanaged, err)
	}
	if err != nil {
		return "", fmt.Errorf("ask %s for its boot: %w", id, awserr.Mark(err))
	}
	return *out.Command.CommandId, nil
}

// BootAnswer reads what became of AskBoot's command. done says that it has ended; the answer then
// has the boot's id (Linux) or the time of its start (Windows), or is empty if the command failed,
// came too late or printed anything else, as happens while a machine shuts down.
func (s SystemsManager) BootAnswer(
	ctx context.Context, id, command string,
) (answer run.BootAnswer, done bool, err error) {
	out, err := s.client.GetCommandInvocation(ctx, &api.GetCommandInvocationInput{CommandId: &command, InstanceId: &id})
	if awserr.Code(err) == "InvocationDoesNotExist" { // SSM shows a command some seconds after it took it
		return answer, false, nil
	}
	if err != nil {
		return answer, false, fmt.Errorf("read the boot of %s from command %s: %w", id, command, awserr.Mark(err))
	}
	switch out.Status {
	case types.CommandInvocationStatusPending, types.CommandInvocationStatusInProgress,
		types.CommandInvocationStatusDelayed, types.CommandInvocationStatusCancelling:
		return answer, false, nil
	case types.CommandInvocationStatusSuccess:
		return parseBoot(aws.ToString(out.StandardOutputContent)), true, nil
	}
	return answer, true, nil
}

// uptimeStep is the resolution of an uptime: what is printed may be that much too short.
const uptimeStep = 10 * time.Millisecond

// parseBoot reads what a boot question prints; anything else is no answer.
func parseBoot(output string) run.BootAnswer {
	lines := strings.Fields(output)
	if len(lines) < 2 || len(lines) > 3 || !wellFormed(lines[0]) {
		return run.BootAnswer{}
	}
	seconds, err := strconv.ParseFloat(lines[1], 64)
	if err != nil || !(seconds >= 0 && seconds < maxUptime) {
		return run.BootAnswer{}
	}
	return run.BootAnswer{ID: lines[0], Uptime: time.Duration(seconds*float64(time.Second)) + uptimeStep}
}

// maxUptime is a hundred years, in seconds: more can't be an uptime, and would overflow a duration.
const maxUptime = 100 * 365 * 24 * 3600

func wellFormed(boot string) bool {
	if bootID.MatchString(boot) {
		return true
	}
	_, err := time.Parse(time.RFC3339Nano, boot)
	return err == nil
}
