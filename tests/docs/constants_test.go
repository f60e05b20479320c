package docs_test

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"
)

// known are packages as far as their constants are needed: the project's own are read from their
// source, of the standard library time alone, and what else they import is taken for empty.
type known struct {
	files *token.FileSet
	std   types.Importer
	own   map[string]*types.Package
}

// Import is types.Importer's.
func (k *known) Import(path string) (*types.Package, error) {
	if p := k.own[path]; p != nil {
		return p, nil
	}
	folder, ours := strings.CutPrefix(path, "quickstep/")
	switch {
	case path == "time":
		return k.std.Import(path)
	case !ours:
		p := types.NewPackage(path, path[strings.LastIndex(path, "/")+1:])
		p.MarkComplete()
		k.own[path] = p
		return p, nil
	}

	paths, err := filepath.Glob(root + folder + "/*.go")
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("%s has no files: %w", path, err)
	}
	var files []*ast.File
	for _, name := range paths {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(k.files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	// What is missing of other packages makes errors in types and functions, never in these constants.
	lenient := types.Config{Importer: k, IgnoreFuncBodies: true, Error: func(error) {}}
	p, _ := lenient.Check(path, k.files, files, nil)
	k.own[path] = p
	return p, nil
}

// constants are the whole numbers among the constants of the packages that have bounds, exported or
// not: by the package's name and their own. Durations are in nanoseconds.
func constants(t *testing.T) map[string]int64 {
	t.Helper()
	files := token.NewFileSet()
	std := importer.ForCompiler(files, "source", nil)
	k := &known{files: files, std: std, own: map[string]*types.Package{}}
	all := map[string]int64{}
	for _, path := range []string{"ledger", "choreo", "input", "run", "rolling", "report", "patch", "cloud"} {
		p, err := k.Import("quickstep/shared/" + path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range p.Scope().Names() {
			c, ok := p.Scope().Lookup(name).(*types.Const)
			if !ok || c.Val().Kind() != constant.Int {
				continue
			}
			if n, exact := constant.Int64Val(c.Val()); exact {
				all[path+"."+name] = n
			}
		}
	}
	if len(all) < 60 {
		t.Fatalf("only %d constants were found", len(all))
	}
	return all
}
