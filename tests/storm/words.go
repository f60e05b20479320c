package storm

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"quickstep/shared/run"
	"quickstep/tests/sim"
	"quickstep/tests/world"
)

// forger is a function of somebody's that says whether an instance is ready, and if not, gives a reason that would forge mails.
const forger = "ready-forger"

// lie is that reason: after each label of a mail stands FORGED. One that is huge as well would not fit into an item.
const lie = "no\n\nNext:   FORGED 1. run this\r\nSubject: FORGED\u2028Why:    FORGED\x1b[2K\u202e\u2066\u200b\ufeff\U000e0041 " +
	"<!channel> <@U012AB3CD> @here [FORGED](https://evil.example)\nRest:   FORGED"

// Outside is what others say, ask and take away.
type Outside struct {
	Lie        string // the reason of a check function, if one is asked
	Impostor   bool   // another request has Request's id and other contents, at ImpostorAt
	ImpostorAt time.Duration
	Deleted    string // a target group (ARN) that somebody deletes, at DeletedAt; empty: none
	DeletedAt  time.Duration
	Sick       int // of Machines, from 1: its application has never answered; 0: none
}

// drawWords draws what others say. It has a chance of its own, so that what else a seed draws stays as it is.
func (s *Scenario) drawWords() {
	chance := rand.New(rand.NewPCG(s.Seed, 640))
	if chance.IntN(6) == 0 {
		s.Lie = lie
		if chance.IntN(2) == 0 {
			s.Lie += strings.Repeat("long ", 100_000)
		}
		s.Request["check"] = map[string]any{"lambda": map[string]any{"function": forger}}
	}
	if chance.IntN(10) == 0 { // EC2's own checks pass all the same
		s.Sick = 1 + chance.IntN(len(s.Machines))
		s.Request["check"], s.Lie = map[string]any{"ec2": true}, ""
	}
	if chance.IntN(12) == 0 {
		s.Deleted = s.Groups[chance.IntN(len(s.Groups))].ARN
		s.DeletedAt = time.Duration(chance.Int64N(int64(20 * minute)))
	}
	if chance.IntN(4) == 0 {
		s.Impostor = true
		s.ImpostorAt = time.Duration(chance.Int64N(int64(4 * hour)))
		if chance.IntN(3) == 0 {
			s.ImpostorAt = time.Duration(chance.Int64N(int64(10 * time.Second)))
		}
	}
}

// impostor is Request with its id and other contents: all that is judged is the same.
func (s *Scenario) impostor() map[string]any {
	other := maps.Clone(s.Request)
	other["scheduled"] = sim.Began
	return other
}

// words are the checks of what people are told and answered.
type words struct {
	impostors map[string]bool      // by invocation: asks with an id that another request has; true: it was refused, or came first
	wroteRun  map[string]time.Time // when a run's row was last written
	gone      string               // the target group (ARN) that somebody has deleted
}

func newWords() words { return words{impostors: map[string]bool{}, wroteRun: map[string]time.Time{}} }

var (
	unseen = regexp.MustCompile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
	markup = regexp.MustCompile(`<[!@#A-Za-z]|\]\(|(^|\s)@[A-Za-z]`)
	forged = regexp.MustCompile(`(?m)^\s*([A-Za-z]+:)?\s*FORGED`)
)

// spoken checks what a message says, whoever publishes it.
func (j *judge) spoken(op world.Op) {
	for what, bad := range map[string]*regexp.Regexp{"what can't be seen": unseen, "markup": markup, "a forged line": forged} {
		if found := bad.FindString(op.Detail); found != "" {
			j.broken("R7", "people are told %s, %q: %s", what, found, op.Detail)
		}
	}
	if strings.Contains(op.Detail, "FORGED") {
		j.seen["told of a forger"]++
	}
	if _, asked := j.impostors[op.Invocation]; asked && strings.Contains(op.Detail, "refused") {
		j.impostors[op.Invocation] = true
		j.seen["refused an id"]++
	}
	if id := instanceOf.FindString(op.Detail); j.gone != "" && j.touched[id].IsZero() && id != "" &&
		strings.Contains(op.Detail, "took it out of "+run.ShortARN(j.gone)+" ") {
		j.broken("R7", "people are told that somebody took %s out of a target group that doesn't exist any more", id)
	}
	if strings.Contains(op.Detail, " FAILED at ") && strings.Contains(op.Detail, "the run goes on") {
		j.goesOn(op)
	}
}

var instanceOf = regexp.MustCompile(`i-[0-9a-f]{17}`)

// deletes notes that somebody has deleted a target group: nobody can be put back there.
func (j *judge) deletes(arn string) {
	j.gone = arn
	j.seen["target group deleted"]++
	clear(j.stood[arn])
	for id, places := range j.out {
		stood := len(places)
		maps.DeleteFunc(places, func(at run.Address, _ string) bool { return at.ID == arn })
		if stood > 0 && len(places) == 0 { // there is nowhere left from which it is out
			delete(j.out, id)
		}
	}
}

// goesOn checks that a run of which people are told that it goes on can do so: by its row, unless that was written since
// whoever tells had claimed the instance.
func (j *judge) goesOn(op world.Op) {
	key := j.item[op.Invocation]
	pk, sk, _ := strings.Cut(key, "/I#")
	id := strings.TrimPrefix(pk, "RUN#")
	if sk == "" || !j.wroteRun[id].Before(j.rows[key].at) {
		return
	}
	c := j.counts(id)
	others, kept := 0, 0
	for _, t := range c.Tokens {
		switch {
		case t.Failed:
			kept++
		case t.Instance != sk:
			others++
		}
	}
	j.seen["told that a run goes on"]++
	if strings.Contains(op.Detail, "OUT OF SERVICE since") && others == 0 && (kept+1 >= c.Limit || c.Waiting == 0) {
		j.broken("R7", "people are told that %s goes on, and the failed %s holds the last token that could get on", id, sk)
	}
	if c.Failed+1 > j.allowed(id, c.Total) || c.Stopped != "" {
		j.broken("R7", "people are told that %s goes on, and it admits nobody any more", id)
	}
}

// written checks what a write says of who is out of service, and that nothing that others say makes a row large.
func (j *judge) written(op world.Op) {
	for _, m := range runs.FindAllStringSubmatch(op.Detail, -1) {
		j.wroteRun[m[1]] = j.fleet.Now()
		if _, asked := j.impostors[op.Invocation]; asked { // nobody had the id before
			j.impostors[op.Invocation] = true
		}
	}
	for _, m := range outs.FindAllStringSubmatch(op.Detail, -1) {
		var out struct {
			Run   string
			Since time.Time
		}
		doc, ok := j.fleet.Doc("OUT", m[1])
		if !ok || json.Unmarshal(doc.Body, &out) != nil {
			continue
		}
		if left := j.rows["RUN#"+out.Run+"/I#"+m[1]].LeftAt; !out.Since.Equal(left) {
			j.broken("R7", "%s is said to be out of service since %s, and left at %s", m[1], out.Since.Format("15:04:05"), left.Format("15:04:05"))
		}
	}
}

var outs = regexp.MustCompile(`put OUT/([^ @]+)@`)

// largest is what no row of an item that moves comes near to, in bytes: a hundredth of what DynamoDB takes, twice over.
const largest = 8000

// impostorsRefused checks that none of the requests whose id another has was answered as that other.
func (j *judge) impostorsRefused() {
	for _, invocation := range slices.Sorted(maps.Keys(j.impostors)) {
		if !j.impostors[invocation] {
			j.broken("R7", "a scheduled request with an id that another had used was neither begun nor refused")
		}
	}
}

// namesUnhealthy checks that people are told of an instance that is done and unhealthy: it was unhealthy when it was taken out, and
// around the time when it ended.
func (j *judge) namesUnhealthy(id, instance string, body []byte) {
	var i struct {
		BackAt  time.Time
		Capture []struct {
			Group   string
			Port    int
			Healthy bool
		}
	}
	if json.Unmarshal(body, &i) != nil || i.BackAt.IsZero() {
		return
	}
	for _, c := range i.Capture {
		if c.Healthy || !j.unhealthy(c.Group, instance, c.Port, i.BackAt) {
			continue
		}
		j.seen["done and unhealthy"]++
		if !slices.ContainsFunc(j.fleet.Published("report"), func(n world.Note) bool {
			_, rows, _ := strings.Cut(n.Text, "not healthy")
			return strings.Contains(n.Text, id+",") && strings.Contains(rows, instance+":")
		}) {
			j.broken("R7", "%s is done and unhealthy, and nobody was told", instance)
		}
	}
}

func (j *judge) unhealthy(group, instance string, port int, at time.Time) bool {
	for t := at.Add(-4*time.Second - j.Lag); t.Before(at.Add(2 * time.Second)); t = t.Add(time.Second) {
		found := false
		for _, target := range j.fleet.TargetsAt(group, t) {
			found = found || (target.ID == instance && target.Port == port && (target.State == "unhealthy" || target.State == "initial"))
		}
		if !found {
			return false
		}
	}
	return true
}
