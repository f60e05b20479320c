package main

// Files of where instances stand, and as what.
const (
	finder = "shared/run/finder.go"
	find   = "shared/rolling/find.go"
)

// standing are the bugs of finding an instance by its id and its addresses, of what a registration consists of, and
// of probing an instance.
var standing = []mutant{
	{name: "every address but the primary one is ignored", edits: []edit{{finder,
		`for _, i := range m.Interfaces {`, `for _, i := range m.Interfaces[:0] {`}}},
	{name: "IPv6 addresses are ignored", edits: []edit{{finder,
		"if err != nil {\n\t\treturn nil\n\t}\n\tip = ip", "if err != nil || ip.Is6() {\n\t\treturn nil\n\t}\n\tip = ip"}}},
	{name: "an IPv6 address is compared as text", edits: []edit{{finder,
		"if err != nil {\n\t\treturn nil\n\t}\n\tip = ip", "if err != nil || ip.String() != target {\n\t\treturn nil\n\t}\n\tip = ip"}}},
	{name: "a delegated prefix is taken for its first address", edits: []edit{{finder,
		`f.add(p.Masked(), addressOwner`, `f.add(netip.PrefixFrom(p.Addr(), p.Addr().BitLen()), addressOwner`}}},
	{name: "an ip target group of another VPC is ignored", edits: []edit{{finder,
		`return !f.notOurs[g.ARN] || f.vpcs[g.VPC]`, `return f.vpcs[g.VPC]`}}},
	{name: "the VPC of a second network interface is ignored", edits: []edit{{finder,
		`if i.VPC != "" {`, `if false {`}}},
	{name: "the gate knows an instance by its id alone", edits: []edit{{gate,
		`machine = *l.Machine`, `_ = *l.Machine`}}},
	{name: "reboot knows an instance by its id alone", edits: []edit{{reboot,
		`run.NewFinder(plan.Request.NotOurs, *m)`, `run.NewFinder(plan.Request.NotOurs, run.Machine{ID: m.ID, VPC: m.VPC})`}}},
	{name: "notOurs excludes groups of type instance", edits: []edit{
		{finder, `return f.vpcs[g.VPC]
	case "ip"`, `return f.vpcs[g.VPC] && !f.notOurs[g.ARN]
	case "ip"`},
		{find, `case of != "ip":`, `case false:`}}},
	{name: "notOurs excludes an address of its own VPC", edits: []edit{{finder,
		`if f.notOurs[g.ARN] && o.vpc != g.VPC {`, `if f.notOurs[g.ARN] {`}}},
	{name: "start takes an instance that an ip target group holds", edits: []edit{{find,
		`case g.TargetType == "ip":`, `case false:`}, {gate, `
		if _, ok := l.Plan.Groups[r.Group]; !ok {`, `
		if false {`}}},
	{name: "the QuicServerId isn't captured", edits: []edit{{gate, `
					QUICServerID: t.QUICServerID})`, `
				})`}}},
	{name: "the QuicServerId isn't registered again", edits: []edit{{fleets,
		`Port: r.Port}, r.QUICServerID}`, `Port: r.Port}, ""}`}}},
	{name: "an instance without IPv4 is probed at no address", edits: []edit{{checkHTTP,
		`address := net.JoinHostPort(m.Host(), port)`, `address := net.JoinHostPort(m.PrivateIP, port)`}}},
	{name: "who leaves without a port to probe", edits: []edit{{gate,
		`if why := l.unprobed(standing); why != "" {`, `if why := l.unprobed(standing); false {`}}},
	{name: "a check that makes no probe passes", edits: []edit{
		{checkHTTP, `if len(probes) == 0 { //`, `if len(probes) < 0 { //`},
		{findings, `if f.made == 0 {`, `if f.made < 0 {`}},
		test: "./tests/sim/rolling TestR5ACheckThatMakesNoProbeNeverPasses",
		why:  "the gate lets nobody leave who has nothing to be probed: only a plan that lost a group does"},
	{name: "one check that makes no probe passes beside another", edits: []edit{
		{checkHTTP, `if len(probes) == 0 { //`, `if len(probes) < 0 { //`}},
		test: "./tests/sim/rolling TestR5ACheckThatMakesNoProbeNeverPasses",
		why:  "the gate lets nobody leave who has nothing to be probed: only a plan that lost a group does"},
	{name: "notOurs is taken though no such group exists", edits: []edit{{find, `
			unknown = append(unknown, arn)`, ``}},
		test: "./tests/sim/rolling TestNotOursThatCannotBeMeantIsRefused",
		why:  "a name of no group excludes nothing, so the run is the same"},
	{name: "notOurs excludes nothing", edits: []edit{{finder,
		`if f.notOurs[g.ARN] && o.vpc != g.VPC {`, `if false {`},
		{finder, `return !f.notOurs[g.ARN] || f.vpcs[g.VPC]`, `return true`}},
		test: "./tests/sim/rolling TestNotOursExcludesAGroupThatMerelyUsesTheAddress",
		why:  "a run that is refused for too much breaks no rule"},
}
