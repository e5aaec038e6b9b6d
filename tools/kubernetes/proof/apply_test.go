package proof

import (
	"context"
	"strings"
	"testing"

	"adjust-s2s/tools/kubernetes/manifests"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
)

const root = "../../.."

// built is what a kustomization of a user's own, with this text, makes of the repository.
func built(t *testing.T, kustomization string) []byte {
	t.Helper()
	yaml, err := manifests.Kustomize(root, kustomization)
	if err != nil {
		t.Fatal(err)
	}
	return yaml
}

// apply is `kubectl apply --server-side` with strict validation: what is sent is the text as it stands, and the server refuses fields that
// it does not know.
func apply(t *testing.T, text []byte, dryRun ...string) {
	t.Helper()
	for _, object := range objectsOf(t, text) {
		if err := applyObject(t.Context(), object, dryRun); err != nil {
			t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

func objectsOf(t *testing.T, text []byte) []*unstructured.Unstructured {
	t.Helper()
	documents, err := manifests.Documents(text)
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	for _, document := range documents {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	return objects
}

func applyObject(ctx context.Context, object *unstructured.Unstructured, dryRun []string) error {
	client, err := dynamic.NewForConfig(cluster.Config)
	if err != nil {
		return err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(cluster.Client.Discovery()))
	kind := object.GroupVersionKind()
	mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	body, err := object.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = client.Resource(mapping.Resource).Namespace(object.GetNamespace()).Patch(ctx, object.GetName(), types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: "kubectl", FieldValidation: metav1.FieldValidationStrict, DryRun: dryRun})
	return err
}

func TestTheServerTakesEverySetOneAfterTheOther(t *testing.T) {
	sets, err := manifests.Sets(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range sets {
		t.Run(set.Name, func(t *testing.T) {
			// A dry run makes no namespace, and without it there is nothing to try the others in.
			if err := applyObject(t.Context(), objectsOf(t, set.YAML)[0], nil); err != nil {
				t.Fatal(err)
			}
			apply(t, set.YAML, metav1.DryRunAll)
			apply(t, set.YAML)
		})
	}
}

func TestTheNamespaceRefusesAPodThatAsksForMore(t *testing.T) {
	apply(t, built(t, "namespace: restricted\nresources: [../repository]\n"))
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "root"},
		Spec:       corev1.PodSpec{ServiceAccountName: "adjust-s2s", Containers: []corev1.Container{{Name: "root", Image: "busybox"}}},
	}
	_, err := cluster.Client.CoreV1().Pods("restricted").Create(t.Context(), pod, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `violates PodSecurity "restricted`) {
		t.Errorf("it said: %v", err)
	}
}
