package emulator

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// setting is something that the template asks for: what it is, how it should be, how to read it, and how to set it.
type setting struct {
	what, want string
	read       func(context.Context) (string, error)
	set        func(context.Context) error // nil: there is no way but to deploy it
}

// Settle goes over everything that an emulator is known to drop. It gives what was deployed as the template says, and what
// had to be set afterwards; what can't be set, or doesn't stay, is an error.
func (s *Stack) Settle(ctx context.Context) (kept int, set []string, err error) {
	var all []setting
	for _, name := range slices.Sorted(maps.Keys(s.Template.Queues)) {
		all = append(all, s.queueSettings(s.Template.Queues[name])...)
	}
	all = append(all, s.tableSettings()...)
	for _, name := range slices.Sorted(maps.Keys(s.Template.Functions)) {
		all = append(all, s.functionSettings(s.Template.Functions[name])...)
	}
	for _, a := range s.Template.Alarms {
		all = append(all, s.alarmSetting(a))
	}
	for _, one := range all {
		changed, err := one.settle(ctx)
		if err != nil {
			return kept, set, err
		}
		if changed {
			set = append(set, one.what)
		} else {
			kept++
		}
	}
	return kept, set, nil
}

func (s setting) settle(ctx context.Context) (changed bool, err error) {
	got, err := s.read(ctx)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", s.what, err)
	}
	if got == s.want {
		return false, nil
	}
	if s.set == nil {
		return false, fmt.Errorf("%s was deployed as %s, not %s", s.what, cmp.Or(got, "none"), s.want)
	}
	if err := s.set(ctx); err != nil {
		return false, fmt.Errorf("set %s: %w", s.what, err)
	}
	if got, err = s.read(ctx); err != nil {
		return false, fmt.Errorf("read %s again: %w", s.what, err)
	}
	if got != s.want {
		return false, fmt.Errorf("%s was set to %s and is %s", s.what, s.want, cmp.Or(got, "none"))
	}
	return true, nil
}

// QueueARN is the ARN of a queue, by its URL: http://host/account/name.
func QueueARN(queueURL string) string {
	parts := strings.Split(queueURL, "/")
	if len(parts) < 2 {
		return queueURL
	}
	return fmt.Sprintf("arn:aws:sqs:%s:%s:%s", Region, parts[len(parts)-2], parts[len(parts)-1])
}

// Grouped says the same of several in one breath: "a, b, c" of "x of a", "x of b" become "x of a, b, c".
func Grouped(all []string) string {
	var order []string
	members := map[string][]string{}
	for _, one := range all {
		what, of, _ := strings.Cut(one, " of ")
		if len(members[what]) == 0 {
			order = append(order, what)
		}
		members[what] = append(members[what], of)
	}
	for n, what := range order {
		order[n] = what + " of " + strings.Join(members[what], ", ")
	}
	return strings.Join(order, "; ")
}
