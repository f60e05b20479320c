package docs

import "strings"

// account are how the commands begin that act on an account. Nothing here can run them: their subcommands, options and JSON are
// checked (make lint), and their requests are given to the product's own parsers.
var account = []string{"aws ", "sam deploy ", "sam delete ", "sam list ", "sam logs ", "sam remote invoke ", "make release "}

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

// Here has every other command, and what runs it: Try, or the text in .ci/run that does. A command that is in neither list fails
// a test: whoever adds one to a page says here how it is known to work.
var Here = map[string]string{
	"cp samconfig.toml samconfig.mine.toml": Try,
	"git pull":                              Try,
	"make help":                             Try,
	"make build":                            Try,
	"make build ARCH=x86_64":                Try,
	"make scale":                            Try,
	"make sim SEED=7":                       Try,
	"make pictures":                         Try,
	"go test -v -run 5000InstancesCosts ./tests/sim": Try,

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

// Tried are the commands that Try stands at, in the order of the pages, each once.
func Tried(all []Command) (lines []string) {
	seen := map[string]bool{}
	for _, c := range all {
		if line := c.Line(); Here[line] == Try && !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	return lines
}
