package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// account is a stand-in for the AWS CLI of a caller of an account, with stack "prod" deployed to
// it.
func account(t *testing.T, caller, functionsIn string) cli {
	t.Helper()
	dir := t.TempDir()
	s := declared(t)
	var cases strings.Builder
	for name, variables := range asDeployed(s) {
		text, err := json.Marshal(
			map[string]any{
				"FunctionArn": fmt.Sprintf("arn:aws:lambda:eu-central-1:%s:function:prod-%s", functionsIn, name),
				"Environment": map[string]any{"Variables": variables},
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(
			&cases,
			"\"lambda get-function-configuration --function-name prod-%s --output json\") "+
				"echo '%s' ;;\n",
			name,
			text,
		)
	}
	script := fmt.Sprintf(`#!/bin/sh
case "$*" in
"sts get-caller-identity --output json")
	echo '{"UserId":"U","Account":"%s","Arn":"arn:aws:iam::%s:user/op"}' ;;
%s*) echo "ResourceNotFoundException: $*" >&2; exit 254 ;;
esac
`, caller, caller, cases.String())
	path := filepath.Join(dir, "aws")
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return cli{path}
}

func TestADeployedStackIsDerivedForTheConfirmedAccountAlone(t *testing.T) {
	s := declared(t)
	d, in, err := onAccount(
		t.Context(),
		account(t, "111122223333", "111122223333"),
		s,
		"prod",
		"111122223333",
		target{built: "../host", architecture: "x86_64"})
	if err != nil || in != "111122223333" {
		t.Fatalf("%s, %v", in, err)
	}
	p := parse(t, d)
	if want := "Acts on stack prod in account 111122223333, eu-central-1."; p.Description != want {
		t.Errorf("%q, want %q", p.Description, want)
	}
	for name, variables := range asDeployed(s) {
		got := p.Resources[s.Functions[name].LogicalID].Properties.Environment.Variables
		for variable, value := range variables {
			if got[variable] != value {
				t.Errorf("%s: %s is %q, want %q", name, variable, got[variable], value)
			}
		}
		if got["AWS_REGION"] != "eu-central-1" {
			t.Errorf("%s: the Region is %q", name, got["AWS_REGION"])
		}
		for variable := range got {
			if strings.Contains(variable, "ENDPOINT") || strings.Contains(variable, "KEY") ||
				strings.Contains(variable, "TOKEN") {
				t.Errorf("%s: %s would keep it from the account", name, variable)
			}
		}
	}
}

func TestADeployedStackIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ caller, functions, stack, confirm, want string }{
		"without a confirmation": {"111122223333", "111122223333", "prod", "",
			"acts on that account: if that is what you want, say CONFIRM=111122223333"},
		"with another account's": {"111122223333", "111122223333", "prod", "444455556666",
			"are of account 111122223333"},
		"if nobody says who it is": {"", "111122223333", "prod", "", "say CONFIRM="},
		"in another account": {"111122223333", "444455556666", "prod", "111122223333",
			"isn't in account 111122223333"},
		"that doesn't exist": {"111122223333", "111122223333", "test", "111122223333",
			"of stack test: aws lambda get-function-configuration: ResourceNotFoundException"},
		"with a stray shell command": {"111122223333", "111122223333", "prod; true", "111122223333",
			"ResourceNotFoundException"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := onAccount(
				t.Context(),
				account(t, c.caller, c.functions),
				declared(t),
				c.stack,
				c.confirm,
				target{built: "../host", architecture: "x86_64"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q in it", err, c.want)
			}
		})
	}
	_, err := cli{"no-such-aws"}.confirmed(t.Context(), "111122223333")
	if err == nil || !strings.Contains(err.Error(), "the AWS CLI isn't installed") {
		t.Errorf("without the AWS CLI: %v", err)
	}
}

func TestTheBridgeIsAnAddressOfThisMachine(t *testing.T) {
	machine := []net.Addr{
		&net.IPNet{IP: net.ParseIP("127.0.0.1"), Mask: net.CIDRMask(8, 32)},
		&net.IPNet{IP: net.ParseIP("192.0.2.2"), Mask: net.CIDRMask(24, 32)},
		&net.IPNet{IP: net.ParseIP("172.17.0.1"), Mask: net.CIDRMask(16, 32)},
	}
	for networks, want := range map[string]string{
		"172.17.0.0/16 ": "172.17.0.1", "fd00::/64 172.17.0.0/16": "172.17.0.1", "172.18.0.0/16": "", "": "",
	} {
		if got := within(networks, machine); got != want {
			t.Errorf("%q: %q, want %q", networks, got, want)
		}
	}
}
