package report

import (
	"strings"

	"quickstep/shared/sanitize"
)

// Baselines are the names of the patch baselines of a report's instances. They are read once, so
// that each try says the same.
type Baselines struct {
	Names map[string]string `json:"names,omitempty"` // by id, without its ARN
}

// NewBaselines keeps of all names those that the report needs.
func NewBaselines(c *Content, names map[string]string) *Baselines {
	used := map[string]string{}
	for _, i := range c.Instances {
		if last := i.LastState(); last != nil {
			if name := names[BaselineID(last.Baseline)]; name != "" {
				used[BaselineID(last.Baseline)] = sanitize.Text(name)
			}
		}
	}
	return &Baselines{Names: used}
}

// NameBaselines writes the names into the instances' states.
func (c *Content) NameBaselines(b *Baselines) {
	for _, i := range c.Instances {
		if i.Patched != nil {
			i.Patched.BaselineName = b.Names[BaselineID(i.Patched.Baseline)]
		}
	}
}

// BaselineID is the id of a baseline: in the ARN of one of AWS's own what follows the slash.
func BaselineID(id string) string { return id[strings.LastIndex(id, "/")+1:] }
