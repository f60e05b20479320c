package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
)

// options are what the command line may ask for.
type options struct {
	undrained bool
	seed      uint64
	// logs is the file that takes the functions' logs; empty: they are kept only if the demo fails.
	logs string
	// record is the file that takes a recording of the table, for the picture in the README.
	record string
}

// usualSeed is the one that the README's figures come from.
const usualSeed = 1

const known = "there are -break, -seed, -log and -record"

// parse reads the command line. An error is one line that says what would be right.
func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	breaks := flags.String("break", "", "")
	seed := flags.String("seed", strconv.Itoa(usualSeed), "")
	flags.StringVar(&o.logs, "log", "", "")
	flags.StringVar(&o.record, "record", "", "")

	err = flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return o, errors.New("usage: demo [-break drain] [-seed number] [-log file] [-record file]")
	case err != nil:
		return o, fmt.Errorf("%w; %s", err, known)
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no option; %s", flags.Arg(0), known)
	case *breaks != "" && *breaks != "drain":
		return o, fmt.Errorf("BREAK is %q; it must be drain, or be left out", *breaks)
	}
	o.undrained = *breaks == "drain"
	if o.seed, err = strconv.ParseUint(*seed, 10, 64); err != nil || o.seed == 0 {
		return o, fmt.Errorf("SEED is %q; it must be a whole number from 1 on, such as 7", *seed)
	}
	return o, nil
}
