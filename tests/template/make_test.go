package template_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool stands in for every program that the Makefile's targets run: it leaves behind what that program would. The
// first time that it is the victim, it ends its parent, make, when it is half-way.
const tool = `#!/bin/sh
name=$(basename "$0")
here=$(dirname "$0")
case "$name $1" in
"python3 -m") mkdir -p "$3/bin" ;;
"go install") mkdir -p "$GOBIN"; echo half >"$GOBIN/golangci-lint" ;;
"sam build") mkdir -p "$3/StartFunction"; echo binary >"$3/StartFunction/bootstrap" ;;
esac
if [ "$name $1" = "$VICTIM" ] && [ ! -e killed ]; then
	echo >killed
	kill -9 $PPID
	exit 1
fi
case "$name $1" in
"python3 -m") cp "$0" "$3/bin/pip" ;;
"pip install") for each in python sam cfn-lint checkov ministack; do cp "$0" "$here/$each"; done ;;
"go install") rm -f "$GOBIN/golangci-lint"; cp "$0" "$GOBIN/golangci-lint" ;;
"sam build") echo built >"$3/template.yaml" ;;
esac
echo "$name $*" >>said
`

// workshop is a folder that has the Makefile and tool in place of every program.
type workshop struct{ dir, bin string }

func newWorkshop(t *testing.T) workshop {
	t.Helper()
	w := workshop{dir: t.TempDir(), bin: t.TempDir()}
	text, err := os.ReadFile(root + "Makefile")
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, "Makefile"), text, 0o600)
	}
	for _, name := range []string{"go", "gofmt", "python3"} {
		if err == nil {
			err = os.WriteFile(filepath.Join(w.bin, name), []byte(tool), 0o700)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// make runs make, and gives what it says.
func (w workshop) make(ctx context.Context, victim string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "make", args...)
	c.Dir = w.dir
	c.Env = []string{
		"PATH=" + w.bin + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME=" + w.dir,
		"VICTIM=" + victim,
	}
	out, err := c.CombinedOutput()
	return string(out), err
}

func (w workshop) has(name string) bool {
	_, err := os.Stat(filepath.Join(w.dir, name))
	return err == nil
}

func TestWhatWasInterruptedIsMadeAnew(t *testing.T) {
	for _, c := range []struct{ target, victim string }{
		{"build", "python3 -m"}, {"build", "pip install"}, {"build", "sam build"},
		{"lint", "python3 -m"}, {"lint", "pip install"}, {"lint", "go install"},
		{"e2e", "python3 -m"}, {"e2e", "pip install"}, {"e2e", "sam build"},
	} {
		t.Run(c.target+" without "+c.victim, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			if out, err := w.make(t.Context(), c.victim, c.target); err == nil || !w.has("killed") {
				t.Fatalf("make %s wasn't interrupted:\n%s", c.target, out)
			}
			if w.has(".aws-sam/build") {
				t.Error("half a build is where sam deploy looks for one")
			}
			if out, err := w.make(t.Context(), "", "sizes"); err == nil || !strings.Contains(out, "make build") {
				t.Errorf("half a build has sizes: %v\n%s", err, out)
			}
			out, err := w.make(t.Context(), "", c.target)
			if err != nil {
				t.Fatalf("make %s doesn't recover: %v\n%s", c.target, err, out)
			}
			if out, err = w.make(t.Context(), "", c.target); err != nil || strings.Contains(out, " install ") {
				t.Errorf("make %s installs again what is there: %v\n%s", c.target, err, out)
			}
		})
	}
}

func TestABuildThatIsInterruptedLeavesTheOneBefore(t *testing.T) {
	w := newWorkshop(t)
	if out, err := w.make(t.Context(), "", "build"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := w.make(t.Context(), "sam build", "build"); err == nil {
		t.Fatalf("make build wasn't interrupted:\n%s", out)
	}
	if !w.has(".aws-sam/build/template.yaml") || !w.has(".aws-sam/build/StartFunction/bootstrap") {
		t.Error("sam deploy finds no build, and would deploy the source")
	}
}

func TestEachProcessorHasALimitAndAReason(t *testing.T) {
	for _, c := range []struct {
		arch string
		mb   float64
		ok   bool
		says string
	}{
		{"arm64", 11.9, true, "arm64: every cold start"}, {"arm64", 12.1, false, "the limit is 12 MB"},
		{"x86_64", 12.1, true, "larger than for arm64"}, {"x86_64", 13.1, false, "the limit is 13 MB"},
	} {
		w := newWorkshop(t)
		if out, err := w.make(t.Context(), "", "build", "ARCH="+c.arch); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if err := os.Truncate(filepath.Join(w.dir, ".aws-sam", "build", "StartFunction", "bootstrap"), int64(c.mb*(1<<20))); err != nil {
			t.Fatal(err)
		}
		out, err := w.make(t.Context(), "", "sizes") // it knows what it was built for
		if (err == nil) != c.ok || !strings.Contains(out, c.says) {
			t.Errorf("%.1f MB for %s: %v\n%s", c.mb, c.arch, err, out)
		}
	}
	if out, err := newWorkshop(t).make(t.Context(), "", "build", "ARCH=amd64"); err == nil ||
		!strings.Contains(out, "it must be arm64 or x86_64") {
		t.Errorf("amd64: %v\n%s", err, out)
	}
}

func TestAReleaseIsInTheChangeLogBeforeItIsPackaged(t *testing.T) {
	w := newWorkshop(t)
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("template.yaml", "Metadata:\n    SemanticVersion: 1.2.3\n")
	put("CHANGELOG.md", "## [Unreleased]\n")
	for _, c := range []struct {
		log  string
		args []string
		says string
		done bool
	}{
		{"## [1.2.3]\n", []string{"release"}, "BUCKET is missing", false},
		{"## [Unreleased]\n", []string{"release", "BUCKET=mine"}, `put the line "## [1.2.3]" below`, false},
		{"## [Unreleased]\n\n## [1.2.3]\n", []string{"release", "BUCKET=mine"}, "sam publish", true},
	} {
		put("CHANGELOG.md", c.log)
		out, err := w.make(t.Context(), "", c.args...)
		if (err == nil) != c.done || !strings.Contains(out, c.says) {
			t.Errorf("make %v with %q: %v\n%s", c.args, c.log, err, out)
		}
		said, _ := os.ReadFile(filepath.Join(w.dir, "said"))
		packaged := strings.Contains(
			string(said),
			"sam package --template-file .aws-sam/build/template.yaml --s3-bucket mine",
		)
		if packaged != c.done {
			t.Errorf("make %v with %q: packaged %v:\n%s", c.args, c.log, packaged, said)
		}
	}
}
