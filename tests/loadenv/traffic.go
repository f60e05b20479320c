package loadenv

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// Between is the time between two requests of one connection.
	Between = 80 * time.Millisecond
	// Every slowEvery-th request takes slowest at most: those are the ones that draining is for.
	slowEvery = 8
	fastest   = 50 * time.Millisecond
	slowest   = 200 * time.Millisecond
	// patience is how long a request may take: only one that hangs takes longer, however loaded the machine is.
	patience = 15 * time.Second
)

// Traffic is a client that sends requests to the load balancers all the time, and counts those that fail.
type Traffic struct {
	stop    context.CancelFunc
	senders sync.WaitGroup
	ends    []func()

	mu     sync.Mutex
	counts Tally
}

// Tally is how many requests were sent and how many failed, by reason.
type Tally struct {
	Requests, Failed int
	Reasons          map[string]int
}

// Serve puts a load balancer before each target group, and sends requests over so many connections to each until
// Close. routable gives the addresses to which a group's balancer may send the next request. The seed decides which
// take long.
func Serve(
	ctx context.Context,
	groups []string,
	routable func(group string) []string,
	connections int,
	seed uint64,
) (*Traffic, error) {
	ctx, stop := context.WithCancel(ctx)
	t := &Traffic{stop: stop, counts: Tally{Reasons: map[string]int{}}}
	for n, group := range groups {
		address, end, err := NewBalancer(func() []string { return routable(group) }).Listen(ctx)
		if err != nil {
			t.Close()
			return nil, err
		}
		t.ends = append(t.ends, end)
		client := &http.Client{
			Timeout:   patience,
			Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true},
		}
		for c := range connections {
			chance := rand.New(rand.NewPCG(seed, uint64(n*connections+c)))
			name := fmt.Sprintf("%s-%d", group, c)
			t.senders.Go(func() { t.send(ctx, client, address, group, name, chance) })
		}
	}
	return t, nil
}

// send is one connection at work.
func (t *Traffic) send(ctx context.Context, client *http.Client, address, group, name string, chance *rand.Rand) {
	tick := time.NewTicker(Between)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		query := url.Values{"word": {fmt.Sprintf("%s-%d", name, n)}}
		if chance.IntN(slowEvery) == 0 {
			query.Set("take", (fastest + time.Duration(chance.Int64N(int64(slowest-fastest)))).String())
		}
		// A request that was sent is waited for: it counts, even if traffic ends meanwhile.
		t.count(ask(context.WithoutCancel(ctx), client, address+"/?"+query.Encode(), group+" "+query.Get("word")))
	}
}

// ask sends a request. The reason is empty if the answer is the right one.
func ask(ctx context.Context, client *http.Client, address, want string) (reason string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err.Error()
	}
	answer, err := client.Do(r)
	if err != nil {
		return "no answer: " + strings.ReplaceAll(err.Error(), address, "")
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	switch {
	case answer.StatusCode != http.StatusOK:
		return fmt.Sprintf("status %d: %s", answer.StatusCode, strings.TrimSpace(string(body)))
	case err != nil:
		return "the answer broke off"
	case string(body) != want:
		return "the answer is another request's"
	}
	return ""
}

func (t *Traffic) count(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.Requests++
	if reason != "" {
		t.counts.Failed++
		t.counts.Reasons[reason]++
	}
}

// Tally is the count so far.
func (t *Traffic) Tally() Tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counts
	c.Reasons = maps.Clone(c.Reasons)
	return c
}

// Close sends no more requests, and waits for those that are under way. It can be called twice.
func (t *Traffic) Close() {
	t.stop()
	t.senders.Wait()
	for _, end := range t.ends {
		end()
	}
}
