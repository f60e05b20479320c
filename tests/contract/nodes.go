package contract

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"quickstep/shared/report"
)

// Nodes is how nodes are found: by EC2, and by Systems Manager.
type Nodes interface {
	Nodes(ctx context.Context, s report.Selection) ([]report.Node, error)
}

// NodesFixture is a Region with two nodes that the port knows, and others perhaps. Both have the tag Suite, which is like no
// other's, and the tag Role, which is web and db.
type NodesFixture struct {
	Port    Nodes
	Web, DB report.Node // as they are to be described
	Suite   string      // the value of the tag Suite
	Unknown []string    // ids that the port doesn't know: of a node that never was, and whatever else it may be asked for
}

// ExerciseNodes tests Nodes.
func ExerciseNodes(t *testing.T, open func(t *testing.T) NodesFixture) {
	t.Helper()
	exercise(t, open, []part[NodesFixture]{
		{"nodes are found by their ids, each once, in order, as they are", nodesByID},
		{"ids that it doesn't know are absent, and hide no other", nodesUnknown},
		{"many ids are all looked up", nodesMany},
		{"nodes are found by their tags: one value of each", nodesByTag},
		{"all of several tags must fit", nodesByTags},
		{"nodes are found by a tag's key", nodesByTagKey},
		{"the word tag may be written in any case, the tag's own name not", nodesTagCase},
		{"a value is meant as it is, without wildcards", nodesWildcards},
		{"a selection of nothing is an error", nodesOfNothing},
		{"a target that is no tag is an error", nodesByOther},
	})
}

func (f NodesFixture) both() []report.Node {
	if f.DB.ID < f.Web.ID {
		return []report.Node{f.DB, f.Web}
	}
	return []report.Node{f.Web, f.DB}
}

// tagged are those that fit the suite's tag and these.
func (f NodesFixture) tagged(t *testing.T, targets ...report.Target) []report.Node {
	t.Helper()
	suite := report.Target{Key: "tag:Suite", Values: []string{f.Suite}}
	return must(f.Port.Nodes(t.Context(), report.Selection{Tags: append([]report.Target{suite}, targets...)}))(t)
}

func nodesByID(t *testing.T, f NodesFixture) {
	for _, ids := range [][]string{{f.Web.ID, f.DB.ID}, {f.DB.ID, f.Web.ID}, {f.Web.ID, f.DB.ID, f.Web.ID}} {
		same(t, "found", must(f.Port.Nodes(t.Context(), report.Selection{IDs: ids}))(t), f.both())
	}
}

func nodesUnknown(t *testing.T, f NodesFixture) {
	ids := append(slices.Clone(f.Unknown), f.Web.ID)
	same(t, "found", must(f.Port.Nodes(t.Context(), report.Selection{IDs: ids}))(t), []report.Node{f.Web})
	for _, id := range f.Unknown {
		same(t, id, must(f.Port.Nodes(t.Context(), report.Selection{IDs: []string{id}}))(t), nil)
	}
}

func nodesMany(t *testing.T, f NodesFixture) {
	var ids []string
	kind, _, _ := strings.Cut(f.Web.ID, "-")
	for n := range 230 { // more than two calls
		ids = append(ids, fmt.Sprintf("%s-0f%015x", kind, n))
	}
	ids = slices.Insert(ids, 3, f.DB.ID)
	same(t, "found", must(f.Port.Nodes(t.Context(), report.Selection{IDs: append(ids, f.Web.ID)}))(t), f.both())
}

func nodesByTag(t *testing.T, f NodesFixture) {
	same(
		t,
		"with one value",
		f.tagged(t, report.Target{Key: "tag:Role", Values: []string{"web"}}),
		[]report.Node{f.Web},
	)
	same(
		t,
		"with several",
		f.tagged(t, report.Target{Key: "tag:Role", Values: []string{"web", "db", "cache"}}),
		f.both(),
	)
	same(t, "with another", f.tagged(t, report.Target{Key: "tag:Role", Values: []string{"Web"}}), nil)
}

func nodesByTags(t *testing.T, f NodesFixture) {
	same(t, "found", f.tagged(t), f.both())
	both := []report.Target{
		{Key: "tag:Role", Values: []string{"web", "db"}},
		{Key: "tag:Suite", Values: []string{"other"}},
	}
	same(t, "with another suite too", f.tagged(t, both...), nil)
}

func nodesByTagKey(t *testing.T, f NodesFixture) {
	same(t, "with Role", f.tagged(t, report.Target{Key: "tag-key", Values: []string{"Owner", "Role"}}), f.both())
	same(t, "with Owner", f.tagged(t, report.Target{Key: "tag-key", Values: []string{"Owner"}}), nil)
}

func nodesTagCase(t *testing.T, f NodesFixture) {
	same(t, "TAG:Role", f.tagged(t, report.Target{Key: "TAG:Role", Values: []string{"web"}}), []report.Node{f.Web})
	same(t, "Tag-Key", f.tagged(t, report.Target{Key: "Tag-Key", Values: []string{"Role"}}), f.both())
	same(t, "tag:role", f.tagged(t, report.Target{Key: "tag:role", Values: []string{"web"}}), nil)
}

func nodesWildcards(t *testing.T, f NodesFixture) {
	for _, value := range []string{"*", "w*", "we?", `w\*`} {
		same(t, value, f.tagged(t, report.Target{Key: "tag:Role", Values: []string{value}}), nil)
	}
	same(t, "of a key", f.tagged(t, report.Target{Key: "tag-key", Values: []string{"Rol?"}}), nil)
	same(t, "of an id", must(f.Port.Nodes(t.Context(), report.Selection{IDs: []string{f.Web.ID[:4] + "*"}}))(t), nil)
}

func nodesOfNothing(t *testing.T, f NodesFixture) {
	_, err := f.Port.Nodes(t.Context(), report.Selection{})
	final(t, "a selection of nothing", err)
}

func nodesByOther(t *testing.T, f NodesFixture) {
	for _, key := range []string{"resource-groups:Name", "WindowTargetIds", "tag:"} {
		_, err := f.Port.Nodes(t.Context(), report.Selection{Tags: []report.Target{{Key: key, Values: []string{"x"}}}})
		final(t, key, err)
	}
	_, err := f.Port.Nodes(t.Context(), report.Selection{Tags: []report.Target{{Key: "tag:Role"}}})
	final(t, "no values", err)
}
