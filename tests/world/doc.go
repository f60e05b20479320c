// Package world is AWS in memory, as far as this project uses it, behind the interfaces of its own steps. It is wired from
// template.yaml: what feeds a function, how long a message hides, where it goes when nobody can process it.
//
//	 test, simulation, demo
//	      │  Handle, AddMachine, AddGroup, After, Invoke …        hooks: Fault, Pace, AfterEffect …
//	      ▼                                                                    ▲
//	┌── World ─────────────────────────────────────────────────────────────────┼──┐
//	│ agenda ──► queues ──► Lambda ──► handler ──► port (Table, EC2, Targets …)─┴─►│ effect: one at a time, counted,
//	│   ▲                                                        │                 │ logged, made to fail
//	│   └── machines, mute rules, schedules, redeliveries ◄──────┘                 │
//	└──────────────────────────────────────────────────────────────────────────────┘
//
// On the virtual clock everything happens in the goroutine that calls Run, in an order that the seed alone decides. On the
// scaled clock invocations are goroutines, and time is real time multiplied. The code of both is the same.
//
// Calls of a port are safe at any time. Everything else, the questions to the world and what somebody does by hand, belongs
// to the goroutine that runs a virtual world; on the scaled clock it is called within Do. Hooks are called within Do
// already. Set them before the world runs.
//
// Where AWS doesn't say what happens, the world does what hurts most.
package world
