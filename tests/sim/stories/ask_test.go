package stories_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// ask makes a request and waits for its answer, as an operator does.
func (p *player) ask(args []string) error {
	request, err := p.request(args)
	if err != nil {
		return err
	}
	id := fmt.Sprint(request["id"])
	if _, err := p.fleet.Call("start", request); err != nil {
		p.trace.add(id, "is refused: "+p.trace.plain(err.Error()))
	} else {
		p.trace.add(id, "is accepted")
	}
	return nil
}

// schedule makes a request the way a schedule does: nobody waits for the answer.
func (p *player) schedule(args []string) error {
	request, err := p.request(args)
	if err != nil {
		return err
	}
	request["scheduled"] = p.fleet.Now()
	body, err := json.Marshal(request)
	p.fleet.InvokeAsync("start", body)
	return err
}

func (p *player) request(args []string) (simtest.All, error) {
	if len(p.fleet.IDs) == 0 {
		return nil, errors.New("there is no fleet yet")
	}
	p.asked++
	request := simtest.All{"id": fmt.Sprint("run-", p.asked), "fleet": "web", "tags": simtest.All{"Role": "web"}}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("ask %s: say field=value", arg)
		}
		if err := p.field(request, name, value); err != nil {
			return nil, fmt.Errorf("ask %s: %w", arg, err)
		}
	}
	if p.asked == 1 {
		p.begun = p.fleet.Now()
		p.fleet.Watch.Settle()
	}
	p.allow(request)
	p.trace.add(fmt.Sprint(request["id"]), strings.TrimSpace("is requested "+strings.Join(args, " ")))
	return request, nil
}

// field sets a field of a request; a name with a dot is one of an object in it.
func (p *player) field(request simtest.All, name, value string) error {
	outer, inner, nested := strings.Cut(name, ".")
	if nested {
		if request[outer] == nil {
			request[outer] = simtest.All{}
		}
		return p.field(request[outer].(simtest.All), inner, value)
	}
	list := strings.Split(value, ",")
	switch n, err := strconv.Atoi(value); {
	case name == "instanceIds":
		for i, number := range list {
			id, _, err := p.machine([]string{number})
			if err != nil {
				return err
			}
			list[i] = id
		}
		request[name], request["tags"] = list, nil
	case name == "targetGroupArns":
		for i, group := range list {
			list[i] = sim.Group(group)
		}
		request[name], request["tags"] = list, nil
	case name == "notAfter":
		d, err := time.ParseDuration(value)
		request[name] = p.fleet.Now().Add(d)
		return err
	case strings.HasSuffix(name, "Names") || strings.HasSuffix(name, "Prefixes"):
		request[name] = list
	case value == "true":
		request[name] = true
	case err == nil:
		request[name] = n
	default:
		request[name] = value
	}
	for field, value := range request {
		if value == nil {
			delete(request, field)
		}
	}
	return nil
}

// allow tells the watch what the request allows. While another run is under way both may be at work.
func (p *player) allow(request simtest.All) {
	tokens, ok := request["maxConcurrency"].(int)
	if !ok {
		tokens = 1
	}
	w := p.fleet.Watch
	if p.fleet.Over() {
		w.NextRun()
		w.Tokens = 0
	}
	w.Tokens += tokens
	for _, arn := range p.fleet.ARNs {
		switch v := request["minHealthy"].(type) {
		case int:
			w.Floor[arn] = v
		case string: // of the group's size, those that failed before included
			percent, _ := strconv.Atoi(strings.TrimSuffix(v, "%"))
			w.Floor[arn] = int(math.Ceil(float64(len(p.fleet.TargetsOf(arn))*percent) / 100))
		}
	}
}

// fail lets a call fail, for a time or for good: fail sns.Publish 2h.
func (p *player) fail(args []string) error {
	end, err := p.end(args, 1)
	if err != nil {
		return err
	}
	p.faults = append(p.faults, simtest.Broken(args[0], end))
	p.trace.add("AWS", fmt.Sprintf("%s fails from now on", args[0]))
	return nil
}

// crash lets a function crash each time it works on an instance: crash check 1.
func (p *player) crash(args []string) error {
	if len(args) != 2 {
		return errors.New("crash needs a function and an instance")
	}
	_, _, err := p.machine(args[1:])
	p.faults = append(p.faults, func(op world.Op) world.Fault {
		if op.Function == args[0] && op.Service != "dynamodb" && op.Service != "sqs" &&
			p.trace.about[op.Invocation] == "i-"+args[1] {
			return world.CrashBefore
		}
		return world.None
	})
	return err
}

// throttle keeps a function, or everything, from running: throttle everything 30m.
func (p *player) throttle(args []string) error {
	end, err := p.end(args, 1)
	if err != nil {
		return err
	}
	p.closed[args[0]] = end
	p.trace.add("AWS", args[0]+" is throttled: no code runs")
	p.fleet.At(end, func() { p.trace.add("AWS", args[0]+" can run again") })
	return nil
}

// end is the time that the argument says, or never.
func (p *player) end(args []string, n int) (time.Time, error) {
	if len(args) == 0 {
		return time.Time{}, errors.New("it isn't said what")
	}
	if len(args) <= n {
		return p.fleet.Now().Add(storyLimit), nil
	}
	d, err := time.ParseDuration(args[n])
	return p.fleet.Now().Add(d), err
}
