package contract

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"quickstep/shared/run"
)

// Groups is what the steps see of target groups.
type Groups interface {
	Groups(ctx context.Context) ([]run.Group, error)
	Targets(ctx context.Context, group string) ([]run.Target, error)
	Delay(ctx context.Context, group string) (time.Duration, error)
	Deregister(ctx context.Context, group string, targets []run.Description) error
	Register(ctx context.Context, group string, targets []run.Description) error
}

// GroupsFixture is a Region with target groups that have no targets, of type instance, in use by a load balancer.
type GroupsFixture struct {
	Port          Groups
	First, Second run.Group     // ARN, Name, VPC, Protocol, Health as they are
	Delay         time.Duration // of deregistration, of the first: 20 s at least
	Instances     []string      // two that run in the groups' VPC, and answer on every port
	Unknown       string        // an instance that doesn't exist
	Missing       string        // the ARN of a group that doesn't exist
	QUIC          string        // the ARN of a group for QUIC
	Wait          Wait
}

// ExerciseGroups tests target groups.
func ExerciseGroups(t *testing.T, open func(t *testing.T) GroupsFixture) {
	t.Helper()
	exercise(t, open, []part[GroupsFixture]{
		{"groups are listed in the order of their ARNs, as they are", groupsListed},
		{"a target that was registered gets healthy", groupsRegister},
		{"registering twice is registering once", groupsTwice},
		{"the port is part of a target", groupsPorts},
		{"a target that was deregistered drains, then is gone", groupsDrain},
		{"a draining target can come back", groupsComeBack},
		{"deregistering a target that isn't there is no error", groupsAbsent},
		{"registering an instance that doesn't exist is ErrGone, and registers nobody", groupsGone},
		{"what concerns one group leaves the other alone", groupsApart},
		{"the deregistration delay is read", groupsDelay},
		{"a group that doesn't exist is ErrNoGroup", groupsMissing},
		{"a QUIC target comes back with its server id", groupsQUIC},
		{"a QUIC target without a server id is refused, and so is one for another protocol", groupsNoQUIC},
	})
}

func (f GroupsFixture) targets(t *testing.T, arn string) []run.Target {
	t.Helper()
	return must(f.Port.Targets(t.Context(), arn))(t)
}

// registered are the addresses that a group counts as its own.
func (f GroupsFixture) registered(t *testing.T, arn string) (all []run.Address) {
	t.Helper()
	for _, target := range f.targets(t, arn) {
		if target.Registered() {
			all = append(all, target.Address)
		}
	}
	return all
}

func (f GroupsFixture) at(n, port int) run.Address {
	return run.Address{ID: f.Instances[n], Port: port}
}

// only describes targets that are their address and nothing more.
func only(addresses ...run.Address) []run.Description {
	all := make([]run.Description, 0, len(addresses))
	for _, a := range addresses {
		all = append(all, run.Description{Address: a})
	}
	return all
}

// serves registers targets in the first group and waits until they are healthy.
func (f GroupsFixture) serves(t *testing.T, targets ...run.Address) {
	t.Helper()
	ok(t, f.Port.Register(t.Context(), f.First.ARN, only(targets...)))
	f.Wait.until(t, "healthy", 5*time.Minute, func() bool {
		healthy := slices.DeleteFunc(f.targets(t, f.First.ARN), func(x run.Target) bool { return !x.Healthy() })
		return len(healthy) == len(targets)
	})
}

func groupsListed(t *testing.T, f GroupsFixture) {
	all := must(f.Port.Groups(t.Context()))(t)
	if !slices.IsSortedFunc(all, func(a, b run.Group) int {
		if a.ARN < b.ARN {
			return -1
		}
		return 1
	}) {
		t.Errorf("they aren't sorted: %v", all)
	}
	for _, want := range []run.Group{f.First, f.Second} {
		if !slices.Contains(all, want) {
			t.Errorf("%+v isn't among %+v", want, all)
		}
	}
}

func groupsRegister(t *testing.T, f GroupsFixture) {
	if got := f.targets(t, f.First.ARN); len(got) > 0 {
		t.Errorf("there are targets: %v", got)
	}
	f.serves(t, f.at(0, 8080), f.at(1, 8080))
	want := []run.Address{f.at(0, 8080), f.at(1, 8080)}
	for _, x := range f.targets(t, f.First.ARN) {
		if !x.Registered() || !slices.Contains(want, x.Address) {
			t.Errorf("%+v", x)
		}
	}
}

func groupsTwice(t *testing.T, f GroupsFixture) {
	f.serves(t, f.at(0, 8080))
	ok(t, f.Port.Register(t.Context(), f.First.ARN, only(f.at(0, 8080))))
	same(t, "registered", f.registered(t, f.First.ARN), []run.Address{f.at(0, 8080)})
	if got := f.targets(t, f.First.ARN); !got[0].Healthy() {
		t.Errorf("it was healthy, now it is %+v", got)
	}
}

func groupsPorts(t *testing.T, f GroupsFixture) {
	ok(t, f.Port.Register(t.Context(), f.First.ARN, only(f.at(0, 8080), f.at(0, 8081))))
	if got := f.registered(t, f.First.ARN); len(got) != 2 {
		t.Errorf("registered are %v", got)
	}
	ok(t, f.Port.Deregister(t.Context(), f.First.ARN, only(f.at(0, 8081))))
	same(t, "registered", f.registered(t, f.First.ARN), []run.Address{f.at(0, 8080)})
}

func groupsDrain(t *testing.T, f GroupsFixture) {
	f.serves(t, f.at(0, 8080), f.at(1, 8080))
	ok(t, f.Port.Deregister(t.Context(), f.First.ARN, only(f.at(0, 8080))))
	same(t, "registered", f.registered(t, f.First.ARN), []run.Address{f.at(1, 8080)})
	draining := func() bool {
		return slices.ContainsFunc(f.targets(t, f.First.ARN), func(x run.Target) bool { return x.Address == f.at(0, 8080) })
	}
	if !draining() {
		t.Error("it was gone at once")
	}
	ok(t, f.Port.Deregister(t.Context(), f.First.ARN, only(f.at(0, 8080)))) // again
	f.Wait.until(t, "gone", f.Delay+time.Minute, func() bool { return !draining() })
	same(t, "registered", f.registered(t, f.First.ARN), []run.Address{f.at(1, 8080)})
}

func groupsComeBack(t *testing.T, f GroupsFixture) {
	f.serves(t, f.at(0, 8080))
	ok(t, f.Port.Deregister(t.Context(), f.First.ARN, only(f.at(0, 8080))))
	ok(t, f.Port.Register(t.Context(), f.First.ARN, only(f.at(0, 8080))))
	same(t, "registered", f.registered(t, f.First.ARN), []run.Address{f.at(0, 8080)})
	f.Wait(f.Delay + time.Minute)
	same(t, "registered later", f.registered(t, f.First.ARN), []run.Address{f.at(0, 8080)})
}

func groupsAbsent(t *testing.T, f GroupsFixture) {
	ok(t, f.Port.Deregister(t.Context(), f.First.ARN, only(f.at(0, 8080), run.Address{ID: f.Unknown, Port: 80})))
	same(t, "registered", f.registered(t, f.First.ARN), nil)
}

func groupsGone(t *testing.T, f GroupsFixture) {
	err := f.Port.Register(t.Context(), f.First.ARN, only(f.at(0, 8080), run.Address{ID: f.Unknown, Port: 8080}))
	if final(t, "an unknown instance", err); !errors.Is(err, run.ErrGone) {
		t.Errorf("the error is %v", err)
	}
	same(t, "registered", f.registered(t, f.First.ARN), nil)
}

func groupsApart(t *testing.T, f GroupsFixture) {
	for _, arn := range []string{f.First.ARN, f.Second.ARN} {
		ok(t, f.Port.Register(t.Context(), arn, only(f.at(0, 8080))))
	}
	ok(t, f.Port.Deregister(t.Context(), f.First.ARN, only(f.at(0, 8080))))
	same(t, "registered in the other", f.registered(t, f.Second.ARN), []run.Address{f.at(0, 8080)})
}

func groupsDelay(t *testing.T, f GroupsFixture) {
	if got := must(f.Port.Delay(t.Context(), f.First.ARN))(t); got != f.Delay {
		t.Errorf("%s, want %s", got, f.Delay)
	}
}

func groupsMissing(t *testing.T, f GroupsFixture) {
	_, targets := f.Port.Targets(t.Context(), f.Missing)
	_, delay := f.Port.Delay(t.Context(), f.Missing)
	for what, err := range map[string]error{"targets": targets, "delay": delay,
		"register":   f.Port.Register(t.Context(), f.Missing, only(f.at(0, 80))),
		"deregister": f.Port.Deregister(t.Context(), f.Missing, only(f.at(0, 80)))} {
		if final(t, what, err); !errors.Is(err, run.ErrNoGroup) {
			t.Errorf("%s: %v, want ErrNoGroup", what, err)
		}
	}
}

func groupsQUIC(t *testing.T, f GroupsFixture) {
	both := []run.Description{{Address: f.at(0, 443), QUICServerID: "0x00112233445566aa"},
		{Address: f.at(0, 8443), QUICServerID: "0x00112233445566bb"}}
	for range 2 { // registering twice is registering once, here too
		ok(t, f.Port.Register(t.Context(), f.QUIC, both))
	}
	ok(t, f.Port.Deregister(t.Context(), f.QUIC, both[:1]))
	same(t, "registered", f.registered(t, f.QUIC), []run.Address{f.at(0, 8443)})
	ok(t, f.Port.Register(t.Context(), f.QUIC, both[:1]))
	for _, want := range both {
		if !slices.ContainsFunc(f.targets(t, f.QUIC), func(x run.Target) bool {
			return x.Registered() && x.Address == want.Address && x.QUICServerID == want.QUICServerID
		}) {
			t.Errorf("%+v isn't among %+v", want, f.targets(t, f.QUIC))
		}
	}
}

func groupsNoQUIC(t *testing.T, f GroupsFixture) {
	final(t, "without a server id", f.Port.Register(t.Context(), f.QUIC, only(f.at(0, 443))))
	other := []run.Description{{Address: f.at(0, 8080), QUICServerID: "0x00112233445566aa"}}
	final(t, "for another protocol", f.Port.Register(t.Context(), f.First.ARN, other))
	same(t, "registered", f.registered(t, f.QUIC), nil)
	same(t, "registered in the other", f.registered(t, f.First.ARN), nil)
}
