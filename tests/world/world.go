package world

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"quickstep/tests/template"
)

// World is one Region of one AWS account.
type World struct {
	// Fault decides what goes wrong with a call.
	Fault func(Op) Fault
	// Refuse is the account's own word on a call: an error that no repetition mends, such as a missing permission.
	Refuse func(Op) error
	// Pace is how long a call takes before it happens, on the virtual clock: meanwhile the world goes on, other
	// invocations too. Zero lets only what is due now go first; negative, and a nil Pace, doesn't let go at all.
	Pace func(Op) time.Duration
	// Freeze is how long an invocation stands still before a call, and its timeout with it, as in a sandbox that is
	// moved to another host. From then on it reaches the ledger and the queues alone. It needs Pace.
	Freeze func(Op) time.Duration
	// AfterEffect sees every call once it has happened or failed, and everything that happens by itself.
	AfterEffect func(Op)
	// KeepLog is on at first; off, there are only counters.
	KeepLog bool
	// Throttled keeps a function's code from running.
	Throttled func(function string) bool
	// Duplicate lets SQS deliver a message once more.
	Duplicate func(queue string) bool
	// Latency is the time from a message's visibility to its delivery; nil draws it from the seed, 10 ms and more.
	Latency func(queue string) time.Duration
	// Lag is how old the state is that a reading of EC2 or of target health shows.
	Lag func(Op) time.Duration
	// Linger is how long DynamoDB takes to delete an item whose time to live is over: until then it is
	// read and written like any other.
	Linger time.Duration
	// PatchRate is how many calls of DescribeInstancePatches a second Systems Manager takes before it throttles; 0:
	// any.
	PatchRate float64
	// HealthProbe takes the place of the machines' own word on the scaled clock: it is asked at each group's interval,
	// outside of Do, whether a target answers.
	HealthProbe func(instance string, port int) bool
	// MachineChanged is told when a machine's application starts or stops answering.
	MachineChanged func(id string, answers bool)

	stack *template.Stack
	clock Clock
	now   time.Time // on the scaled clock: when the lock was taken
	mu    sync.Mutex
	rand  *rand.Rand
	seed  uint64

	agenda  agenda
	planned int
	wake    chan struct{}
	base    context.Context
	working sync.WaitGroup
	slots   chan struct{}

	log    []Op
	seq    int
	counts map[kind]int

	functions   map[string]*function
	invocations int
	suspended   map[*routine]bool
	queues      map[string]*queue
	messages    int
	table       *table
	machines    map[string]*machine
	servers     int // QUIC server ids that were given
	addresses   map[netip.Addr][]network
	delegated   []network // prefixes
	groups      map[string]*group
	removed     map[string]bool // target groups that somebody has deleted
	alarms      map[string]*alarm
	mutes       map[string]*mute
	rules       map[ruleKey]*rule
	parameters  map[string]string
	sealed      map[string]bool   // parameters that can't be decrypted
	fleets      map[string]string // the types of EC2 Fleets
	commands    map[string]command
	topics      map[string]*Topic
	checks      map[string]Check

	windows        map[string]WindowSpec
	nodes          map[string]*node // that aren't EC2's
	patched        map[string]patched
	baselines      map[string]string
	patchCalls     allowance
	tokens         int // generation of page tokens
	resourceGroups map[string][]string
	buckets        map[string]*Bucket
}

// concurrency bounds the invocations that run at the same time on the scaled clock.
const concurrency = 256

// New makes a world of a stack: its functions have no code yet, its queues are empty, its schedules run.
func New(stack *template.Stack, clock Clock, seed uint64) *World {
	w := &World{
		KeepLog: true,
		stack:   stack, clock: clock, now: clock.start.UTC().Round(0), seed: seed,
		rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)),
		wake: make(chan struct{}, 1), base: context.Background(), slots: make(chan struct{}, concurrency),
		counts:    map[kind]int{},
		functions: map[string]*function{}, suspended: map[*routine]bool{}, queues: map[string]*queue{},
		table: newTable(), machines: map[string]*machine{}, addresses: map[netip.Addr][]network{}, groups: map[string]*group{}, removed: map[string]bool{},
		alarms: map[string]*alarm{}, mutes: map[string]*mute{}, rules: map[ruleKey]*rule{},
		parameters: map[string]string{}, commands: map[string]command{}, topics: map[string]*Topic{},
		checks: map[string]Check{}, sealed: map[string]bool{}, fleets: map[string]string{},
		windows: map[string]WindowSpec{}, nodes: map[string]*node{}, patched: map[string]patched{}, baselines: map[string]string{},
		resourceGroups: map[string][]string{}, buckets: map[string]*Bucket{},
	}
	w.createQueues()
	w.createFunctions()
	w.createSchedules()
	return w
}

// Now is the time that steps read.
func (w *World) Now() time.Time {
	if w.clock.virtual() {
		return w.now
	}
	return w.clock.scaled()
}

// Do calls f while nothing else happens. On the virtual clock that is always so.
func (w *World) Do(f func()) {
	w.lock()
	defer w.unlock()
	f()
}

// Chance is true with probability p, drawn from the seed.
func (w *World) Chance(p float64) bool { return w.rand.Float64() < p }

// Sometimes makes a hook, such as Duplicate or Throttled, that says yes with probability p, drawn from the seed.
func (w *World) Sometimes(p float64) func(string) bool {
	return func(string) bool { return w.Chance(p) }
}

// Close ends invocations that are under way; no call of theirs reaches the world any more.
func (w *World) Close() {
	for r := range w.suspended {
		r.stop()
	}
	clear(w.suspended)
}

func (w *World) lock() {
	if !w.clock.virtual() {
		w.mu.Lock()
		w.now = w.clock.scaled()
	}
}

func (w *World) unlock() {
	if !w.clock.virtual() {
		w.mu.Unlock()
	}
}
