package stories_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"quickstep/tests/sim/simtest"

	"quickstep/shared/run"
	"quickstep/tests/world"
)

// see tells what an effect means to an operator.
func (j *journal) see(op world.Op) {
	j.attribute(op)
	switch {
	case op.Fault != world.None:
		j.failed(op)
	case op.Service == "world":
		j.happened(op)
	case op.Service == "hand":
		j.byHand(op)
	case op.Happened:
		j.called(op)
	case op.Service == "sns" || op.Service == "ec2":
		j.add(j.on(op), fmt.Sprintf("%s.%s is refused: %v", op.Service, op.Name, op.Err))
	}
	if op.Service == "dynamodb" && op.Name == "Write" && op.Happened {
		j.read(op.Function)
	}
	j.look()
}

// attribute notes whom an invocation works on: its first write is the claim.
func (j *journal) attribute(op world.Op) {
	if op.Function == "" || op.Service != "dynamodb" || op.Name != "Write" || j.about[op.Invocation] != "" {
		return
	}
	if id, ok := strings.CutPrefix(op.Subject, "I#"); ok {
		j.about[op.Invocation] = j.plain(id)
	} else if strings.HasPrefix(op.Subject, "run-") {
		j.about[op.Invocation] = op.Subject
	}
}

// on is whom a call is about.
func (j *journal) on(op world.Op) string {
	if who := j.about[op.Invocation]; who != "" {
		return who
	}
	return op.Function
}

func (j *journal) failed(op world.Op) {
	if op.Fault == world.CrashBefore || op.Fault == world.CrashAfter || op.Fault == world.Timeout {
		j.add(j.on(op), op.Function+" crashes")
		return
	}
	j.add(j.on(op), fmt.Sprintf("%s can't call %s.%s", op.Function, op.Service, op.Name))
}

// drainTime is how long the fleet's target groups keep a target draining.
const drainTime = 2 * time.Minute

// called tells what a function has done to AWS.
func (j *journal) called(op world.Op) {
	switch op.Service + "." + op.Name {
	case "elb.Deregister":
		for _, a := range addresses(op) {
			j.leaving[a.ID] = true
			j.player.fleet.After(drainTime, j.look)
			j.add(j.plain(a.ID), "leaves", fmt.Sprintf("%s:%d", run.ShortARN(op.Subject), a.Port))
		}
	case "elb.Register":
		for _, a := range addresses(op) {
			j.add(j.plain(a.ID), "rejoins", fmt.Sprintf("%s:%d", run.ShortARN(op.Subject), a.Port))
		}
	case "ec2.Reboot":
		j.add(j.plain(op.Subject), "is asked to reboot")
	case "sns.Publish":
		subject, _, _ := strings.Cut(op.Detail, "\n")
		j.add("SNS "+op.Subject, fmt.Sprintf("%q", j.plain(subject)))
	}
}

const started = "is up, its application isn't"

// happened tells what happens by itself.
func (j *journal) happened(op world.Op) {
	switch op.Name {
	case "reboots":
		j.add(j.plain(op.Subject), "goes down")
	case "is up":
		j.add(j.plain(op.Subject), started)
	case "answers":
		if e := j.before(j.plain(op.Subject), started); e != nil && e.at.Equal(op.At) {
			e.what = "answers again"
			return
		}
		j.add(j.plain(op.Subject), "answers again")
	case "stopped", "terminated", "running":
		j.add(j.plain(op.Subject), "is "+op.Name)
	case "alarm state":
		j.add("alarm "+op.Subject, "goes to "+op.Detail)
	case "alarm fires":
		j.add("alarm "+op.Subject, "FIRES")
	case "redriven":
		j.add(j.addressee(op.Detail), "a message of queue "+op.Subject+" goes to the "+dead(op.Subject))
	case "expired":
		j.add(j.addressee(op.Detail), "a message of queue "+op.Subject+" is lost: it is too old")
	case "discarded":
		told := "nobody is told"
		if a := j.player.fleet.Stack.Functions[op.Subject].Async; a != nil && a.OnFailure != "" {
			told = "told to " + a.OnFailure
		}
		j.add(op.Subject, fmt.Sprintf("Lambda gives up an invocation (%s): %v", told, op.Err))
	}
}

func dead(queue string) string {
	if queue == "dead" {
		return "last queue, which people read"
	}
	return "dead letters"
}

// byHand tells what somebody else does.
func (j *journal) byHand(op world.Op) {
	does := map[string]string{
		"Terminate": "terminates",
		"Stop":      "stops",
		"Start":     "starts",
		"Break":     "breaks the application of",
		"Mend":      "mends the application of",
	}
	switch {
	case does[op.Name] != "":
		j.add("someone", does[op.Name]+" "+j.plain(op.Subject))
	case op.Name == "Deregister" || op.Name == "Register":
		verb := map[string]string{"Deregister": "takes", "Register": "puts"}[op.Name]
		preposition := map[string]string{"Deregister": "out of", "Register": "into"}[op.Name]
		id, port, _ := strings.Cut(op.Detail, ":")
		j.add("someone", fmt.Sprintf("%s %s %s", verb, j.plain(id), preposition), run.ShortARN(op.Subject)+":"+port)
	}
}

// addressee is whose message it is.
func (j *journal) addressee(body string) string {
	var m struct{ PK, SK string }
	_ = json.Unmarshal([]byte(body), &m) // one that can't be read is nobody's
	switch {
	case strings.HasPrefix(m.SK, "I#"):
		return j.plain(strings.TrimPrefix(m.SK, "I#"))
	case m.PK == "ACTIVE":
		return m.SK
	}
	return "nobody"
}

var addressInDetail = regexp.MustCompile(`(i-[0-9a-f]+):(\d+)`)

func addresses(op world.Op) (all []run.Address) {
	for _, m := range addressInDetail.FindAllStringSubmatch(op.Detail, -1) {
		all = append(all, simtest.Address(m[1], m[2]))
	}
	return all
}
