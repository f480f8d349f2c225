#!/bin/sh
# Gives the workers of cluster.yaml devices that are only counted: `devices.sh KUBECTL ARGUMENT…`. kubelet leaves
# resources alone that it does not know (kubernetes.io: "Advertise Extended Resources for a Node").
set -eu
give() {
    node=$1 amounts=$2
    shift 2
    "$@" patch node "$node" --subresource=status --type=merge \
        --patch "{\"status\": {\"capacity\": $amounts, \"allocatable\": $amounts}}"
}
give berth-worker '{"nvidia.com/gpu": "4"}' "$@"
give berth-worker2 '{"nvidia.com/gpu": "8"}' "$@"
give berth-worker3 '{"amd.com/gpu": "8"}' "$@"
