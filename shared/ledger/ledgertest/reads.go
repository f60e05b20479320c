package ledgertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"quickstep/shared/ledger"
)

// fill writes n documents of a partition, numbered so that their order is that of the numbers.
func fill(t *testing.T, s ledger.Store, pk string, n int) (keys []ledger.Key) {
	t.Helper()
	var writes []ledger.Write
	for i := range n {
		keys = append(keys, at(pk, fmt.Sprintf("I#i-%03d", i)))
		writes = append(writes, put(keys[i], 0, fmt.Sprintf(`{"n":%d}`, i)))
	}
	for chunk := range slices.Chunk(writes, ledger.MaxWrites) {
		must(t, s, "fill", chunk...)
	}
	return keys
}

// found are the keys of what was read, in the order in which it came.
func found(docs []ledger.Doc) (keys []ledger.Key) {
	for _, d := range docs {
		keys = append(keys, d.Key)
	}
	return keys
}

func list(t *testing.T, s ledger.Store, pk, prefix, after string, limit int) string {
	t.Helper()
	docs, err := s.List(t.Context(), pk, prefix, after, limit)
	if err != nil {
		t.Fatalf("list %s/%s after %q, %d at most: %v", pk, prefix, after, limit, err)
	}
	var names []string
	for _, d := range docs {
		if d.PK != pk || d.Rev == 0 || d.By == "" || len(d.Body) == 0 {
			t.Errorf("list %s gave %+v", pk, d)
		}
		names = append(names, d.SK)
	}
	return strings.Join(names, " ")
}

func hundred(t *testing.T, s ledger.Store) {
	keys := fill(t, s, "RUN#1", ledger.MaxWrites)
	docs := get(t, s, keys...)
	if got := found(docs); len(got) != len(keys) || !sameKeys(got, keys) {
		t.Fatalf("got %v", got)
	}
	for _, d := range docs {
		if want := fmt.Sprintf(`{"n":%d}`, slices.Index(keys, d.Key)); !same(t, d.Body, []byte(want)) {
			t.Errorf("%s is %s", d.Key, d.Body)
		}
	}
}

func manyReads(t *testing.T, s ledger.Store) {
	keys := fill(t, s, "RUN#1", 120)
	asked := slices.Clone(keys)
	for i := range 130 {
		asked = append(asked, at("RUN#2", fmt.Sprint(i)))
	}
	if got := found(get(t, s, asked...)); !sameKeys(got, keys) {
		t.Errorf("got %d documents: %v", len(got), got)
	}
}

func askedTwice(t *testing.T, s ledger.Store) {
	keys := fill(t, s, "RUN#1", 2)
	if got := found(get(t, s, keys[0], keys[1], keys[0])); !sameKeys(got, keys) {
		t.Errorf("got %v", got)
	}
}

func sameKeys(a, b []ledger.Key) bool {
	byName := func(a, b ledger.Key) int { return strings.Compare(a.String(), b.String()) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), byName), slices.SortedFunc(slices.Values(b), byName))
}

func listOrder(t *testing.T, s ledger.Store) {
	for _, sk := range []string{"b", "é", "a", "B", "a#2", "a#10", "ab", "日本"} {
		must(t, s, "w", put(at("P", sk), 0, `{}`))
	}
	if got, want := list(t, s, "P", "", "", 0), "B a a#10 a#2 ab b é 日本"; got != want { // by bytes
		t.Errorf("got %s, want %s", got, want)
	}
}

func listPrefix(t *testing.T, s ledger.Store) {
	for _, k := range []ledger.Key{
		at("P", "I#1"), at("P", "I#2"), at("P", "I"), at("P", "J#1"), at("P", "RUN"), at("Q", "I#3"), at("PP", "I#4"),
	} {
		must(t, s, "w", put(k, 0, `{}`))
	}
	for prefix, want := range map[string]string{
		"I#": "I#1 I#2", "": "I I#1 I#2 J#1 RUN", "RUN": "RUN", "Z": "", "I#1#": "",
	} {
		if got := list(t, s, "P", prefix, "", 0); got != want {
			t.Errorf("prefix %q: got %s, want %s", prefix, got, want)
		}
	}
}

func listAfter(t *testing.T, s ledger.Store) {
	for _, sk := range []string{"H#1", "I#1", "I#3", "I#5", "J#1"} {
		must(t, s, "w", put(at("P", sk), 0, `{}`))
	}
	for _, c := range []struct{ prefix, after, want string }{
		{"I#", "I#1", "I#3 I#5"},
		{"I#", "I#2", "I#3 I#5"},
		{"I#", "I#5", ""},
		{"I#", "I#9", ""},
		{"I#", "I#", "I#1 I#3 I#5"},
		{"I#", "A", "I#1 I#3 I#5"}, // before all with the prefix
		{"I#", "Z", ""},            // after all with the prefix
		{"", "I#3", "I#5 J#1"},
		{"", "I#4", "I#5 J#1"},
	} {
		if got := list(t, s, "P", c.prefix, c.after, 0); got != c.want {
			t.Errorf("prefix %q after %q: got %s, want %s", c.prefix, c.after, got, c.want)
		}
	}
}

func listLimit(t *testing.T, s ledger.Store) {
	fill(t, s, "RUN#1", 5)
	for _, c := range []struct {
		after string
		limit int
		want  string
	}{
		{"", 2, "I#i-000 I#i-001"},
		{"I#i-001", 2, "I#i-002 I#i-003"},
		{"I#i-003", 2, "I#i-004"},
		{"", 5, "I#i-000 I#i-001 I#i-002 I#i-003 I#i-004"},
		{"", 6, "I#i-000 I#i-001 I#i-002 I#i-003 I#i-004"},
		{"", 1, "I#i-000"},
	} {
		if got := list(t, s, "RUN#1", "I#", c.after, c.limit); got != c.want {
			t.Errorf("%d after %q: got %s, want %s", c.limit, c.after, got, c.want)
		}
	}
}

func listLong(t *testing.T, s ledger.Store) {
	keys := fill(t, s, "RUN#1", 230)
	for _, limit := range []int{0, 230, 1000} {
		if docs, err := s.List(t.Context(), "RUN#1", "I#", "", limit); err != nil || !slices.Equal(found(docs), keys) {
			t.Errorf("limit %d: got %d documents, %v", limit, len(docs), err)
		}
	}
	docs, err := s.List(t.Context(), "RUN#1", "I#", keys[9].SK, 150)
	if err != nil || !slices.Equal(found(docs), keys[10:160]) {
		t.Errorf("150 after the tenth: got %d documents, %v", len(docs), err)
	}
}

func bodies(t *testing.T, s ledger.Store) {
	for i, body := range []string{
		`{}`,
		`{"text":"","list":[],"object":{},"nothing":null,"yes":true,"no":false}`,
		`{"unicode":"żółć 日本 👩‍🚀 \u0000 \u2028 <&> \"quoted\" \\"}`,
		`{"żółć":{"日本":1}}`,
		`{"nested":{"a":[1,[2,[3,{"b":[null,{"c":""}]}]],"mixed",true]}}`,
		`{"zero":0,"negative":-1,"large":9223372036854775807,` +
			`"larger":18446744073709551615,"small":-9223372036854775808}`,
		`{"fraction":0.1,"exponent":1.5e-7,"many":12345678901234567890123456789012345678,"third":0.3333333333333333}`,
		`{"pk":"mine","sk":1,"rev":null,"by":[],"doc":{"doc":{}},"expires":"never"}`, // the table's own names
		`{"time":"2026-03-29T01:59:59.123456789Z","number as text":"007"}`,
	} {
		k := at("BODY", fmt.Sprint(i))
		must(t, s, "w", put(k, 0, body))
		is(t, s, k, 1, "w", body)
		docs, err := s.List(t.Context(), k.PK, k.SK, "", 0)
		if err != nil || len(docs) != 1 || !same(t, docs[0].Body, []byte(body)) {
			t.Errorf("listed %+v, %v, want %s", docs, err, body)
		}
	}
}

func putAndRead(t *testing.T, s ledger.Store) {
	type instance struct {
		ID    string         `json:"id"`
		Ports map[string]int `json:"ports"`
	}
	k := at("RUN#1", "I#i-1")
	var got instance
	if rev, err := ledger.Read(t.Context(), s, k, &got); rev != 0 || err != nil || got.ID != "" {
		t.Fatalf("before: revision %d, %+v, %v", rev, got, err)
	}
	must(t, s, "w", ledger.Put(k, 0, instance{ID: "i-1", Ports: map[string]int{"web": 80}}))
	rev, err := ledger.Read(t.Context(), s, k, &got)
	if rev != 1 || err != nil || got.ID != "i-1" || got.Ports["web"] != 80 {
		t.Fatalf("after: revision %d, %+v, %v", rev, got, err)
	}
}
