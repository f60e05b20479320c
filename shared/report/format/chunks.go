package format

import "iter"

// maxUnit is what one unit takes of a message at most, beside its head: far below what a message
// can hold.
const maxUnit = 24 << 10

// chunks are some things, as many at a time as a unit holds by their encoded lengths: one at least.
// Without any there is none.
func chunks[T any](all []T, size func(T) int) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for begin := 0; begin < len(all); {
			end, taken := begin, 0
			for end < len(all) && (end == begin || taken+size(all[end]) <= maxUnit) {
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

// labelSize is what a label takes of a unit: it stands in its text and, quoted twice, in its row.
func labelSize(label string) int { return 2*len(label) + 4*len(encode(label)) }
