package proof

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// outcome waits until the Job is over.
func outcome(t *testing.T, namespace, name string) string {
	t.Helper()
	var said string
	until(t, name+" is over", patience, func(context.Context) (bool, error) {
		said = verdict(jobNow(t, namespace, name))
		return said != "", nil
	})
	return said
}

type ending struct {
	exitCode    int32
	isDisrupted bool
}

func TestAJobEndsAsItsExitCodesSay(t *testing.T) {
	t.Parallel()
	const namespace = "exit-codes"
	apply(t, built(t, "namespace: "+namespace+"\nresources: [../repository]\n"))
	for number, example := range []struct {
		what    string
		endings []ending
		want    string
		// What the Job counts as failed in the end.
		failed int32
	}{
		{"0 completes it", []ending{{0, false}}, "Complete", 0},
		{"2 fails it at once", []ending{{2, false}}, "Failed: PodFailurePolicy", 1},
		{"3 fails it at once", []ending{{3, false}}, "Failed: PodFailurePolicy", 1},
		{"4 fails it at once", []ending{{4, false}}, "Failed: PodFailurePolicy", 1},
		{"75 is tried again", []ending{{75, false}, {0, false}}, "Complete", 1},
		{"75 is tried three times", []ending{{75, false}, {75, false}, {75, false}}, "Failed: BackoffLimitExceeded", 3},
		{"1 is tried three times", []ending{{1, false}, {1, false}, {1, false}}, "Failed: BackoffLimitExceeded", 3},
		{"137, which no rule names, is tried again", []ending{{137, false}, {0, false}}, "Complete", 1},
		{"2 after 75 fails it", []ending{{75, false}, {2, false}}, "Failed: PodFailurePolicy", 2},
		{"a node that goes away uses up no try", []ending{{75, true}, {137, true}, {75, true}, {0, false}}, "Complete", 0},
		{"what the program says counts, node or no node", []ending{{3, true}}, "Failed: PodFailurePolicy", 1},
	} {
		t.Run(example.what, func(t *testing.T) {
			t.Parallel()
			job := byHand(t, namespace, fmt.Sprintf("job-%d", number))
			for _, ending := range example.endings {
				end(t, nextPod(t, namespace, job), ending.exitCode, ending.isDisrupted)
			}
			if got := outcome(t, namespace, job); got != example.want {
				t.Errorf("it is %q, not %q", got, example.want)
			}
			if failed := jobNow(t, namespace, job).Status.Failed; failed != example.failed {
				t.Errorf("it counts %d failures, not %d", failed, example.failed)
			}
			if pods := len(podsOf(t, namespace, job)); pods != len(example.endings) {
				t.Errorf("it had %d pods, not %d", pods, len(example.endings))
			}
		})
	}
}

func TestAPodThatStillDrainsIsNotReplaced(t *testing.T) {
	t.Parallel()
	const namespace = "draining"
	apply(t, built(t, "namespace: "+namespace+"\nresources: [../repository]\n"))
	job := byHand(t, namespace, "drained")
	first := nextPod(t, namespace, job)
	// A drain: the API server marks the pod and waits for its kubelet, for as long as the grace period lasts.
	if err := cluster.Client.CoreV1().Pods(namespace).Delete(t.Context(), first.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	until(t, "the Job sees that its pod terminates", patience, func(context.Context) (bool, error) {
		terminating := jobNow(t, namespace, job).Status.Terminating
		return terminating != nil && *terminating == 1, nil
	})
	draining := podsOf(t, namespace, job)
	if len(draining) != 1 {
		t.Fatalf("there are %d pods while the first one drains", len(draining))
	}
	if grace := draining[0].DeletionGracePeriodSeconds; grace == nil || *grace != *first.Spec.TerminationGracePeriodSeconds {
		t.Errorf("it has %v seconds to drain", grace)
	}
	end(t, &draining[0], 75, disrupted)
	second := nextPod(t, namespace, job)
	if second.Name == first.Name {
		t.Error("the pod that ended is its own replacement")
	}
	end(t, second, 0, notDisrupted)
	if got := outcome(t, namespace, job); got != "Complete" {
		t.Errorf("it is %q", got)
	}
}
