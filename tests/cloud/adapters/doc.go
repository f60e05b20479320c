// Package adapters runs the contract suites of the ports that an emulator answers for: the ledger, queues, topics, rules,
// alarms, parameters, buckets and functions, each the product's own adapter over the wire. The suites of EC2, ELBv2, boots,
// nodes, maintenance windows and patches run beside tests/cloud/standin.
//
// They need an emulator, so they are built with the tag e2e alone; make e2e starts them. EMULATOR is its endpoint.
package adapters
