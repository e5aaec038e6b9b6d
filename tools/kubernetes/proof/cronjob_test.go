package proof

import (
	"context"
	"slices"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A minute until the next start is due, and some.
const twoStarts = 130 * time.Second

// everyMinute is the set as it is, but for the schedule.
func everyMinute(namespace string) string {
	return "namespace: " + namespace + `
resources: [../repository]
patches:
  - target: { kind: CronJob }
    patch: |
      - { op: replace, path: /spec/schedule, value: "* * * * *" }
`
}

// scheduled are the names of the Jobs that the controller made, not somebody by hand.
func scheduled(t *testing.T, namespace string) []string {
	t.Helper()
	jobs, err := cluster.Client.BatchV1().Jobs(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, job := range jobs.Items {
		if job.Annotations["cronjob.kubernetes.io/instantiate"] == "" {
			names = append(names, job.Name)
		}
	}
	slices.Sort(names)
	return names
}

func hasEvent(t *testing.T, namespace, reason string) bool {
	t.Helper()
	events, err := cluster.Client.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=" + reason})
	if err != nil {
		t.Fatal(err)
	}
	return len(events.Items) > 0
}

func TestOneScheduledRunAtATime(t *testing.T) {
	t.Parallel()
	const namespace = "every-minute"
	apply(t, built(t, everyMinute(namespace)))
	hand := byHand(t, namespace, "by-hand")
	nextPod(t, namespace, hand)
	until(t, "the schedule makes a Job while one made by hand is active: the lease tells them apart", twoStarts, func(context.Context) (bool, error) {
		return len(scheduled(t, namespace)) == 1, nil
	})
	first := scheduled(t, namespace)[0]
	running := nextPod(t, namespace, first)
	until(t, "the next start is refused while the first run is active", twoStarts, func(context.Context) (bool, error) {
		return hasEvent(t, namespace, "JobAlreadyActive"), nil
	})
	if names := scheduled(t, namespace); len(names) != 1 {
		t.Fatalf("there are %v", names)
	}
	end(t, running, 0, notDisrupted)
	if got := outcome(t, namespace, first); got != "Complete" {
		t.Fatalf("%s is %q", first, got)
	}
	// By startingDeadlineSeconds the start that was refused is made up for.
	until(t, "a second run after the first", twoStarts, func(context.Context) (bool, error) {
		return len(scheduled(t, namespace)) == 2, nil
	})
}

func TestAScheduledJobIsThatOfTheTemplate(t *testing.T) {
	t.Parallel()
	const namespace = "template"
	apply(t, built(t, everyMinute(namespace)))
	until(t, "a Job", twoStarts, func(context.Context) (bool, error) { return len(scheduled(t, namespace)) == 1, nil })
	job := jobNow(t, namespace, scheduled(t, namespace)[0])
	spec := job.Spec
	if *spec.BackoffLimit != 2 || *spec.PodReplacementPolicy != batchv1.Failed || len(spec.PodFailurePolicy.Rules) != 3 {
		t.Errorf("its spec is %+v", spec)
	}
	pod := nextPod(t, namespace, job.Name)
	if spec := pod.Spec; spec.ServiceAccountName != "adjust-s2s" || *spec.AutomountServiceAccountToken || len(spec.Volumes) != 4 {
		t.Errorf("the pod's spec is %+v", spec)
	}
}
