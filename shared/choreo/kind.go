package choreo

import (
	"context"
	"fmt"

	"quickstep/shared/ledger"
)

// Kind is one kind of item, and how it is told from all others.
type Kind[T Item] struct {
	Routing Routing
	// Owns says by a key alone, before anything is read, whether its item is one of this kind.
	Owns func(key ledger.Key) bool
	// Key is where an item is kept, by what it says of itself: what stands elsewhere is something
	// else.
	Key func(item T) ledger.Key
	// New makes an empty item to decode into.
	New func() T
}

// read gives an item, at revision 0 if there is none. A document that says that it is something
// else is an error, so that nobody writes it as what it isn't.
func (k Kind[T]) read(
	ctx context.Context, store ledger.Store, key ledger.Key,
) (item T, rev int64, err error) {
	item = k.New()
	rev, err = ledger.Read(ctx, store, key, item)
	if err == nil && rev != 0 && k.Key(item) != key {
		err = fmt.Errorf("read %s: the document there is that of %s", key, k.Key(item))
	}
	return item, rev, err
}

// misrouted says why a message was meant for another queue, by the message alone; empty if it
// wasn't.
func (m Mover[T]) misrouted(msg Message) string {
	switch queue := m.Routing.Queue(msg.Step); {
	case !m.Owns(msg.Key):
		return fmt.Sprintf("its key %s names no item that the %s queue moves", msg.Key, m.Queue)
	case queue != m.Queue:
		return fmt.Sprintf("its step is one of the %s queue, this is the %s queue", queue, m.Queue)
	}
	return ""
}
