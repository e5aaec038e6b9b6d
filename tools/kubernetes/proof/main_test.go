// Package proof applies the manifests to a real API server and watches what the real CronJob and Job controllers do with them. Nobody runs
// the pods: the tests play the kubelet and say how each one ended.
package proof

import (
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

var cluster *Cluster

// The test binary is also the API server and the controller manager: it starts itself again under these names, so there is one thing to
// build and nothing to install.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "kube-apiserver" || os.Args[1] == "kube-controller-manager") {
		go exitWithParent()
		root := &cobra.Command{Use: "control-plane"}
		root.AddCommand(apiserver.NewAPIServerCommand(), controllers.NewControllerManagerCommand())
		os.Exit(cli.Run(root))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	started, err := StartCluster()
	if started != nil {
		defer started.Stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the cluster did not start:", err)
		return 1
	}
	cluster = started
	return m.Run()
}

// exitWithParent: whoever started this process holds the other end of its standard input, also when a time-out kills it.
func exitWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
