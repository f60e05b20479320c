package world

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quickstep/shared/report"
	"quickstep/shared/run"
	"quickstep/shared/transient"
)

// Systems Manager's pages.
const (
	patchPage = 50 // of DescribeInstancePatches
	statePage = 50 // ids in a call of DescribeInstancePatchStates
)

// patched is what Systems Manager knows of a node's patches; a node without it was never scanned.
type patched struct {
	state   *report.State
	patches []report.Patch
}

// SetPatches is what a scan or an installation has found on a node, in the order in which it will be listed. Nil
// and nil make it a node that was never scanned.
func (w *World) SetPatches(id string, state *report.State, patches []report.Patch) {
	if state != nil {
		s := *state
		s.ID = id
		state = &s
	}
	w.patched[id] = patched{state: state, patches: slices.Clone(patches)}
}

// ExpireTokens makes every page token so far one that isn't valid any more.
func (w *World) ExpireTokens() { w.tokens++ }

// States are the patch states of those nodes that were ever scanned, sorted by id; one effect for each 50 ids, as
// AWS takes them, and none for no ids.
func (s *SSM) States(ctx context.Context, ids []string) (found []report.State, err error) {
	w := s.world
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), statePage) {
		op := Op{Service: "ssm", Name: "States", Subject: chunk[0], Detail: w.say("%v", chunk)}
		err = w.effect(ctx, op, func(*Op) error {
			for _, id := range chunk {
				if state := w.patched[id].state; state != nil {
					found = append(found, *state)
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the patch states of %d nodes: %w", len(ids), err)
		}
	}
	return found, nil
}

// Patches is one page of a node's patches in some states, or in any if none are given: one effect, taken from
// PatchRate.
func (s *SSM) Patches(
	ctx context.Context,
	id string,
	states []string,
	token string,
) (page []report.Patch, next string, err error) {
	w := s.world
	op := Op{Service: "ssm", Name: "Patches", Subject: id, Detail: w.say("%v %s", states, token)}
	err = w.effect(ctx, op, func(*Op) error {
		if !w.patchCalls.take(w.now, w.PatchRate) {
			w.tally("ssm", "PatchThrottles", 1)
			return transient.NotApplied(errors.New("ThrottlingException: rate exceeded"))
		}
		if _, _, ok := w.managed(id); !ok {
			return fmt.Errorf("InvalidInstanceId: %w", run.ErrUnmanaged)
		}
		var err error
		page, next, err = w.patchPage(id, states, token)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list the patches of %s: %w", id, err)
	}
	return page, next, nil
}

// patchPage is the page that a token stands for. A token holds for its node, its states, and until ExpireTokens.
func (w *World) patchPage(id string, states []string, token string) (page []report.Patch, next string, err error) {
	key := fmt.Sprintf("%s %d %s ", id, w.tokens, strings.Join(states, ","))
	offset, err := begin(key, token)
	if err != nil {
		return nil, "", err
	}
	chosen := w.patched[id].patches
	if len(states) > 0 {
		other := func(p report.Patch) bool { return !slices.Contains(states, p.State) }
		chosen = slices.DeleteFunc(slices.Clone(chosen), other)
	}
	offset = min(offset, len(chosen)) // there may be fewer than when the token was made
	end := min(offset+patchPage, len(chosen))
	if end < len(chosen) {
		next = base64.URLEncoding.EncodeToString([]byte(key + strconv.Itoa(end)))
	}
	return slices.Clone(chosen[offset:end]), next, nil
}

// begin reads where a token's page begins.
func begin(key, token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	text, err := base64.URLEncoding.DecodeString(token)
	rest, ours := strings.CutPrefix(string(text), key)
	offset, bad := strconv.Atoi(rest)
	if err != nil || !ours || bad != nil {
		return 0, fmt.Errorf("InvalidNextToken: %w", report.ErrToken)
	}
	return offset, nil
}

// allowance lets calls through at a rate; what it saves up is a second's worth, and one call at least.
type allowance struct {
	tokens float64
	filled time.Time // zero: it is full
}

// take says whether there is a token for a call now; without a rate there always is.
func (a *allowance) take(now time.Time, rate float64) bool {
	if rate <= 0 {
		return true
	}
	full := max(rate, 1)
	a.tokens = min(full, a.tokens+now.Sub(a.filled).Seconds()*rate)
	if a.filled.IsZero() {
		a.tokens = full
	}
	a.filled = now
	if a.tokens < 1 {
		return false
	}
	a.tokens--
	return true
}
