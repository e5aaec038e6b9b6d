package proof

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	nodeName     = "node"
	disrupted    = true
	notDisrupted = false
	// Longer than the longest pause between two tries that a test waits for.
	patience = 90 * time.Second
)

// until asks again until the answer is yes; it fails the test with what was wanted when it never is.
func until(t *testing.T, wanted string, patience time.Duration, isSo func(ctx context.Context) (bool, error)) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, patience, true, isSo)
	if err != nil {
		t.Fatalf("%s: %v\n%s", wanted, err, cluster.Logs("kube-controller-manager"))
	}
}

// byHand makes a Job from the CronJob, as `kubectl create job --from=cronjob/adjust-s2s` does.
func byHand(t *testing.T, namespace, name string) string {
	t.Helper()
	cronJob, err := cluster.Client.BatchV1().CronJobs(namespace).Get(t.Context(), "adjust-s2s", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	template := cronJob.Spec.JobTemplate
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: template.Labels,
			Annotations:     map[string]string{"cronjob.kubernetes.io/instantiate": "manual"},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cronJob, batchv1.SchemeGroupVersion.WithKind("CronJob"))},
		},
		Spec: template.Spec,
	}
	if _, err := cluster.Client.BatchV1().Jobs(namespace).Create(t.Context(), job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return name
}

func jobNow(t *testing.T, namespace, name string) *batchv1.Job {
	t.Helper()
	job, err := cluster.Client.BatchV1().Jobs(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// verdict is `Complete`, or `Failed` with its reason, or nothing as long as the Job is not over.
func verdict(job *batchv1.Job) string {
	for _, condition := range job.Status.Conditions {
		switch {
		case condition.Status != corev1.ConditionTrue:
		case condition.Type == batchv1.JobComplete:
			return "Complete"
		case condition.Type == batchv1.JobFailed:
			return "Failed: " + condition.Reason
		}
	}
	return ""
}

// podsOf are all pods of a Job, the oldest first.
func podsOf(t *testing.T, namespace, job string) []corev1.Pod {
	t.Helper()
	pods, err := cluster.Client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "batch.kubernetes.io/job-name=" + job})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	return pods.Items
}

func isOpen(pod corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded
}

// nextPod waits for a pod of the Job that has not ended, and puts it on the node.
func nextPod(t *testing.T, namespace, job string) *corev1.Pod {
	t.Helper()
	var found corev1.Pod
	until(t, "a pod of "+job, patience, func(context.Context) (bool, error) {
		pods := podsOf(t, namespace, job)
		open := slices.IndexFunc(pods, isOpen)
		if open >= 0 {
			found = pods[open]
		} else if said := verdict(jobNow(t, namespace, job)); said != "" {
			return false, fmt.Errorf("the Job is over, %s", said)
		}
		return open >= 0, nil
	})
	return bind(t, &found)
}

func bind(t *testing.T, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName}}
	if _, err := cluster.Client.CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: nodeName}}
	if pod.Spec.NodeName == "" {
		if err := cluster.Client.CoreV1().Pods(pod.Namespace).Bind(t.Context(), binding, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	bound, err := cluster.Client.CoreV1().Pods(pod.Namespace).Get(t.Context(), pod.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return bound
}

// end reports that the pod's container ended with this code, as a kubelet does.
func end(t *testing.T, pod *corev1.Pod, exitCode int32, isDisrupted bool) {
	t.Helper()
	now := metav1.Now()
	pod.Status.Phase = corev1.PodFailed
	if exitCode == 0 {
		pod.Status.Phase = corev1.PodSucceeded
	}
	if isDisrupted {
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{
			Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "EvictionByEvictionAPI", LastTransitionTime: now,
		})
	}
	terminated := &corev1.ContainerStateTerminated{ExitCode: exitCode, StartedAt: now, FinishedAt: now}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "adjust-s2s", State: corev1.ContainerState{Terminated: terminated}}}
	if _, err := cluster.Client.CoreV1().Pods(pod.Namespace).UpdateStatus(t.Context(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}
