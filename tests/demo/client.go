package main

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
	// connections to each load balancer, and the time between two requests of one: 100 requests a second in all.
	connections = 8
	between     = 80 * time.Millisecond
	// Every slowEvery-th request takes slowest at most: those are the ones that draining is for.
	slowEvery = 8
	fastest   = 50 * time.Millisecond
	slowest   = 200 * time.Millisecond
	// patience is how long a request may take: only one that hangs takes longer, however loaded the machine is.
	patience = 15 * time.Second
)

// traffic is a client that sends requests to the load balancers all the time, and counts those that fail.
type traffic struct {
	stop    context.CancelFunc
	senders sync.WaitGroup
	ends    []func()

	mu     sync.Mutex
	counts tally
}

// tally is how many requests were sent and how many failed, by reason.
type tally struct {
	requests, failed int
	reasons          map[string]int
}

// serve puts a load balancer before each target group, and sends requests until close.
func serve(ctx context.Context, f *fleet) (*traffic, error) {
	ctx, stop := context.WithCancel(ctx)
	t := &traffic{stop: stop, counts: tally{reasons: map[string]int{}}}
	for n, group := range groups {
		address, end, err := newBalancer(func() []string { return f.routable(group) }).listen(ctx)
		if err != nil {
			t.close()
			return nil, err
		}
		t.ends = append(t.ends, end)
		client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
		for c := range connections {
			chance := rand.New(rand.NewPCG(seed, uint64(n*connections+c)))
			name := fmt.Sprintf("%s-%d", group, c)
			t.senders.Go(func() { t.send(ctx, client, address, group, name, chance) })
		}
	}
	return t, nil
}

// send is one connection at work.
func (t *traffic) send(ctx context.Context, client *http.Client, address, group, name string, chance *rand.Rand) {
	tick := time.NewTicker(between)
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
		// A request that was sent is waited for: it counts, even if the demo ends meanwhile.
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

func (t *traffic) count(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.requests++
	if reason != "" {
		t.counts.failed++
		t.counts.reasons[reason]++
	}
}

func (t *traffic) tally() tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counts
	c.reasons = maps.Clone(c.reasons)
	return c
}

// close sends no more requests, and waits for those that are under way. It can be called twice.
func (t *traffic) close() {
	t.stop()
	t.senders.Wait()
	for _, end := range t.ends {
		end()
	}
}
