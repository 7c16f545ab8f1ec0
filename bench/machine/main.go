// Command machine prints the line that belongs to every measured number, or with -tiers the CPU tiers of this machine
// for a shell loop.
package main

import (
	"flag"
	"fmt"
	"strings"

	"gzpt/asm"
	"gzpt/bench"
)

func main() {
	tiers := flag.Bool("tiers", false, "print only the names of the CPU tiers")
	flag.Parse()
	if *tiers {
		fmt.Println(strings.Join(asm.Tiers(), " "))
		return
	}
	fmt.Println(bench.Machine())
}
