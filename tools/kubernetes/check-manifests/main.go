// Command check-manifests says what an API server would refuse of the repository's manifests. Usage: check-manifests [ROOT]
package main

import (
	"fmt"
	"os"

	"adjust-s2s/tools/kubernetes/manifests"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	sets, err := manifests.Sets(root)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	failed := false
	for _, set := range sets {
		count, err := manifests.Check(set)
		if err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "failed   %s\n%v\n", set.Name, err)
			continue
		}
		fmt.Printf("ok       %s: %d objects\n", set.Name, count)
	}
	if failed {
		os.Exit(1)
	}
}
