package docs

import "strings"

// account are how the commands begin that act on an account. Nothing here can run them: their subcommands, options
// and JSON are checked (make lint), and their requests are given to the product's own parsers.
var account = []string{
	"aws ",
	"sam deploy ",
	"sam delete ",
	"sam list ",
	"sam logs ",
	"sam remote invoke ",
	"make release ",
}

// OnAccount says that a command acts on an account, or writes the file for one that does.
func (c Command) OnAccount() bool {
	line := c.Program() + " "
	for _, begin := range account {
		if strings.HasPrefix(line, begin) {
			return true
		}
	}
	return writes.MatchString(c.Text) && outputs.MatchString(c.Text)
}

// Try stands at what make commands runs, as written, in a clean clone.
const Try = "try"

// Release stands at what takes long: whoever makes a release runs it before, as CONTRIBUTING.md says.
const Release = "release"

// Here has every other command, and what runs it: Try, Release, or the text in .ci/run that does. A command that is
// in neither list fails a test: whoever adds one to a page says here how it is known to work.
var Here = map[string]string{
	"cp samconfig.toml samconfig.mine.toml":                Try,
	"git pull":                                             Try,
	"make help":                                            Try,
	"make build":                                           Try,
	"make build ARCH=x86_64":                               Try,
	"make scale":                                           Try,
	"make sim SEED=7":                                      Try,
	"make pictures":                                        Try,
	"make clean":                                           Try, // the last
	"go test ./shared/notify -update":                      Try,
	"go test ./shared/run -update":                         Try,
	"go test ./tests/demo -update":                         Try,
	"go test ./tests/mutants":                              Try,
	"go test ./tests/runner -update":                       Try,
	"go test -run Golden ./tests/sim/patch -update":        Try,
	"go test -run Stories ./tests/sim/stories -update":     Try,
	"go test -v -run 5000InstancesCosts ./tests/sim/patch": Try,

	"make mutants":                   Release,
	"make mutants ONLY='name of it'": Release,
	"make mutants UPDATE=1":          Release,
	"make pairs":                     Release,

	"go test ./shared/run":                                   "make test",
	"go test ./tests/sim/...":                                "make test",
	"go test ./tests/template ./tests/docs ./tests/pictures": "make test",
	"go vet ./...":                                           "make lint",

	"make lint":             "make lint",
	"make test":             "make test",
	"make demo":             `make demo "$@"`,
	"make demo BREAK=drain": "if demo BREAK=drain;",
	"make sim":              "make sim SEEDS=3000", // the same, with fewer storms
	"make e2e":              "make e2e",
	"make local-check":      "make local-check",
	"make commands":         "make commands",
	"make local":            "make local-check", // the same, with nobody at the second terminal
	"sam local invoke StartFunction -e events/start-fleet.json --config-env local": "make local-check",
}

// clean takes away what the others need.
const clean = "make clean"

// Tried are the commands that Try stands at, in the order of the pages, each once.
func Tried(all []Command) (lines []string) {
	seen := map[string]bool{}
	for _, c := range all {
		if line := c.Line(); Here[line] == Try && !seen[line] {
			seen[line] = true
			if line != clean {
				lines = append(lines, line)
			}
		}
	}
	if seen[clean] {
		lines = append(lines, clean)
	}
	return lines
}
