package patch

import "iter"

// enough is what one unit takes of a message at most, beside its head: far below what a message can hold.
const enough = 24 << 10

// pieces are some things, as many at a time as a unit holds by their encoded lengths: one at least.
// Without any there is none.
func pieces[T any](all []T, size func(T) int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for begin := 0; begin < len(all); {
			end, taken := begin, 0
			for end < len(all) && (end == begin || taken+size(all[end]) <= enough) {
				taken += size(all[end])
				end++
			}
			if !yield(all[begin:end]) {
				return
			}
			begin = end
		}
	}
}

// named is what a name takes of a unit: it stands in its text and, quoted twice, in its row.
func named(name string) int { return 2*len(name) + 4*len(encode(name)) }
