package report

// Target names instances as Systems Manager does: Key is InstanceIds, WindowTargetIds, tag:<key>,
// tag-key, resource-groups:Name or resource-groups:ResourceTypeFilters, in any case. An instance
// must fit all of a task's targets, and one of the values of each.
type Target struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// Registered are targets that are registered with a window, under an id by which tasks name them.
type Registered struct {
	ID      string
	Targets []Target
}

// The keys of targets, lower-case: Systems Manager takes them in any.
const (
	KeyIDs     = "instanceids"
	KeyGroup   = "resource-groups:name"
	KeyTypes   = "resource-groups:resourcetypefilters"
	keyTargets = "windowtargetids"
)
