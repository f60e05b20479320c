package world

// Fault is what goes wrong with one call.
type Fault int

// The faults.
const (
	None        Fault = iota
	CrashBefore       // the invocation ends, the call doesn't happen
	CrashAfter        // the call happens, then the invocation ends
	Timeout           // the call hangs and doesn't happen; the invocation ends when its function's time is up
	ReplyLost         // the call happens, its caller sees transient.Mark
	Throttle          // it doesn't happen, its caller sees transient.NotApplied
	ServerError       // it doesn't happen, its caller sees transient.Mark
)

// Faults are all that can go wrong.
var Faults = []Fault{CrashBefore, CrashAfter, Timeout, ReplyLost, Throttle, ServerError}

func (f Fault) String() string {
	return [...]string{"None", "CrashBefore", "CrashAfter", "Timeout", "ReplyLost", "Throttle", "ServerError"}[f]
}

// kills says that the invocation doesn't survive.
func (f Fault) kills() bool { return f == CrashBefore || f == CrashAfter || f == Timeout }
