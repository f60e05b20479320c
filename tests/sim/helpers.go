package sim

import (
	"quickstep/shared/run"
	"quickstep/tests/template"
	"quickstep/tests/world"
)

// On makes an empty fleet on a stack that has been loaded already.
func On(stack *template.Stack, seed uint64) *Fleet {
	f := &Fleet{World: world.New(stack, world.Virtual(Began), seed), Stack: stack}
	Wire(f.World, stack, f.Probe())
	f.Watch = watch(f)
	return f
}

// Out is how many instances are out of service by the product's doing.
func (w *Watch) Out() int { return len(w.out) }

// Serves says that an instance is registered and healthy wherever it was at first.
func (w *Watch) Serves(id string) bool { return w.serves(id) }

// Also adds a watcher to those that see every effect.
func (f *Fleet) Also(see func(world.Op)) {
	before := f.AfterEffect
	f.AfterEffect = func(op world.Op) {
		if before != nil {
			before(op)
		}
		see(op)
	}
}

// Standing are the places in a target group in which an instance is registered.
func (f *Fleet) Standing(group, id string) (places []run.Target) {
	for _, t := range f.TargetsOf(Group(group)) {
		if t.ID == id && t.Registered() {
			places = append(places, t)
		}
	}
	return places
}

// NextRun forgets who was rebooted: a later run may do so again.
func (w *Watch) NextRun() {
	clear(w.rebooted)
	clear(w.rejoined)
}

// Forget tells the watch that somebody else had a hand in an instance's place: it is none of the product's doing.
func (w *Watch) Forget(id string) {
	delete(w.home, id)
	delete(w.out, id)
}
