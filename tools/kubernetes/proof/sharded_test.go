package proof

import (
	"context"
	"slices"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/fieldpath"
	kubelet "k8s.io/kubernetes/pkg/kubelet/container"
)

const shards = 4

// sharded applies the component and makes a Job of it; it answers the pods by index.
func sharded(t *testing.T, namespace string) (string, []*corev1.Pod) {
	t.Helper()
	apply(t, built(t, "namespace: "+namespace+"\nresources: [../repository]\ncomponents: [../repository/k8s/sharded]\n"))
	job := byHand(t, namespace, "sharded")
	until(t, "all pods", patience, func(context.Context) (bool, error) { return len(podsOf(t, namespace, job)) == shards, nil })
	byIndex := make([]*corev1.Pod, shards)
	for _, pod := range podsOf(t, namespace, job) {
		byIndex[indexOf(t, &pod)] = bind(t, &pod)
	}
	return job, byIndex
}

func indexOf(t *testing.T, pod *corev1.Pod) int {
	t.Helper()
	index, err := strconv.Atoi(pod.Annotations["batch.kubernetes.io/job-completion-index"])
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func TestEachPodGetsItsShardAndItsFolder(t *testing.T) {
	t.Parallel()
	_, pods := sharded(t, "shard-names")
	for index, pod := range pods {
		container := pod.Spec.Containers[0]
		env := environment(t, pod)
		_, args := kubelet.ExpandContainerCommandAndArgs(&container, env)
		mounted := slices.IndexFunc(container.VolumeMounts, func(mount corev1.VolumeMount) bool { return mount.Name == "state" })
		folder, err := kubelet.ExpandContainerVolumeMounts(container.VolumeMounts[mounted], env)
		if err != nil {
			t.Fatal(err)
		}
		want := strconv.Itoa(index)
		if shard := args[len(args)-1]; shard != want+"/4" || args[len(args)-2] != "--shard" {
			t.Errorf("pod %d runs as %v", index, args)
		}
		if folder != want+"-of-4" {
			t.Errorf("pod %d has its journal in %s", index, folder)
		}
	}
}

// environment is what a kubelet makes of the container's variables. A name that is there twice is a fault: who wins is not defined.
func environment(t *testing.T, pod *corev1.Pod) []kubelet.EnvVar {
	t.Helper()
	var env []kubelet.EnvVar
	for _, variable := range pod.Spec.Containers[0].Env {
		value := variable.Value
		if variable.ValueFrom != nil {
			extracted, err := fieldpath.ExtractFieldPathAsString(pod, variable.ValueFrom.FieldRef.FieldPath)
			if err != nil {
				t.Fatal(err)
			}
			value = extracted
		}
		if slices.ContainsFunc(env, func(given kubelet.EnvVar) bool { return given.Name == variable.Name }) {
			t.Errorf("%s is there twice", variable.Name)
		}
		env = append(env, kubelet.EnvVar{Name: variable.Name, Value: value})
	}
	return env
}

func TestAShardThatFailsLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	const namespace = "shard-failure"
	job, pods := sharded(t, namespace)
	end(t, pods[2], 3, notDisrupted)
	until(t, "index 2 has failed", patience, func(context.Context) (bool, error) {
		failed := jobNow(t, namespace, job).Status.FailedIndexes
		return failed != nil && *failed == "2", nil
	})
	if active := jobNow(t, namespace, job).Status.Active; active != 3 {
		t.Errorf("%d shards are still at work", active)
	}
	for _, index := range []int{0, 1, 3} {
		end(t, pods[index], 0, notDisrupted)
	}
	if got := outcome(t, namespace, job); got != "Failed: FailedIndexes" {
		t.Errorf("it is %q", got)
	}
	if status := jobNow(t, namespace, job).Status; status.CompletedIndexes != "0,1,3" || len(podsOf(t, namespace, job)) != shards {
		t.Errorf("completed are %s, with %d pods", status.CompletedIndexes, len(podsOf(t, namespace, job)))
	}
}

func TestAShardThatTriesAgainKeepsItsIndex(t *testing.T) {
	t.Parallel()
	const namespace = "shard-retry"
	job, pods := sharded(t, namespace)
	end(t, pods[1], 75, notDisrupted)
	end(t, pods[3], 137, disrupted)
	for _, index := range []int{0, 2} {
		end(t, pods[index], 0, notDisrupted)
	}
	indexes := map[int]bool{}
	for range 2 {
		replacement := nextPod(t, namespace, job)
		indexes[indexOf(t, replacement)] = true
		end(t, replacement, 0, notDisrupted)
	}
	if !indexes[1] || !indexes[3] {
		t.Errorf("replaced were %v", indexes)
	}
	if got := outcome(t, namespace, job); got != "Complete" {
		t.Errorf("it is %q", got)
	}
}

func TestTheShardsCanFollowTheOneProcess(t *testing.T) {
	t.Parallel()
	const namespace = "one-to-four"
	apply(t, built(t, "namespace: "+namespace+"\nresources: [../repository]\n"))
	apply(t, built(t, "namespace: "+namespace+"\nresources: [../repository]\ncomponents: [../repository/k8s/sharded]\n"))
	// The limit of the one process has to go: a Job of indexes would count all shards' tries against it.
	spec := jobNow(t, namespace, byHand(t, namespace, "four")).Spec
	if *spec.BackoffLimit <= 2*shards || *spec.Completions != shards {
		t.Errorf("backoffLimit is %d, completions %d", *spec.BackoffLimit, *spec.Completions)
	}
	claims, err := cluster.Client.CoreV1().PersistentVolumeClaims(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(claims.Items) != 2 {
		t.Errorf("there are %d claims: the old journal has to stay, the new one to come", len(claims.Items))
	}
}
