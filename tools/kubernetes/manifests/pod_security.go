package manifests

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// PodSecurity says whether the namespace of a set lets its pods in. Admission refuses pods, not the CronJob, so nobody would see it until
// the first run.
func PodSecurity(objects []runtime.Object) error {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	level := api.LevelPrivileged
	for _, object := range objects {
		if namespace, ok := object.(*corev1.Namespace); ok {
			level = api.Level(namespace.Labels[api.EnforceLevelLabel])
		}
	}
	if level != api.LevelRestricted {
		return fmt.Errorf("the namespace does not enforce the restricted level")
	}
	for _, object := range objects {
		job, ok := object.(*batchv1.CronJob)
		if !ok {
			continue
		}
		pod := job.Spec.JobTemplate.Spec.Template
		result := policy.AggregateCheckResults(evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: api.LatestVersion()}, &pod.ObjectMeta, &pod.Spec))
		if !result.Allowed {
			return fmt.Errorf("%s: its pods are refused: %s", Name(object), result.ForbiddenDetail())
		}
	}
	return nil
}
