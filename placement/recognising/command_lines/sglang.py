"""Command line of SGLang 0.5 (sglang/srt/server_args.py)."""

from placement.recognising.command_lines.options import Grammar, Meaning, options

_MEANINGS = {
    Meaning.MODEL: "--model-path --model",
    Meaning.SERVED_NAME: "--served-model-name",
    Meaning.REVISION: "--revision",
    Meaning.TENSOR_PARALLEL: "--tp-size --tensor-parallel-size",
    Meaning.PIPELINE_PARALLEL: "--pp-size --pipeline-parallel-size",
    Meaning.DATA_PARALLEL: "--dp-size --data-parallel-size",
    Meaning.DATA_PARALLEL_ATTENTION: "--enable-dp-attention!",
    Meaning.DECODE_CONTEXT_PARALLEL: "--dcp-size --decode-context-parallel-size",
    Meaning.EXPERT_PARALLEL: "--ep-size --expert-parallel-size --ep",
    Meaning.NODES: "--nnodes",
    Meaning.NODE_RANK: "--node-rank",
    Meaning.MAX_LENGTH: "--context-length",
    Meaning.MEMORY_SHARE: "--mem-fraction-static",
    Meaning.QUANTIZATION: "--quantization",
    Meaning.DTYPE: "--dtype",
    Meaning.KV_CACHE_DTYPE: "--kv-cache-dtype",
    Meaning.SPECULATION: "--speculative-draft-model-path --speculative-draft-model",
    Meaning.CONFIG_FILE: "--config",
}
_VALUED = """
--attn-dp-size --moe-dp-size --attn-cp-size --dist-init-addr --nccl-init-addr --host --port --tokenizer-path
--tokenizer-mode --load-format --model-loader-extra-config --max-running-requests --max-queued-requests
--max-total-tokens --chunked-prefill-size --max-prefill-tokens --schedule-policy --schedule-conservativeness
--page-size --device --stream-interval --random-seed --watchdog-timeout --dist-timeout --download-dir --base-gpu-id
--gpu-id-step --log-level --log-level-http --api-key --chat-template --completion-template --reasoning-parser
--tool-call-parser --load-balance-method --json-model-override-args --attention-backend --prefill-attention-backend
--decode-attention-backend --sampling-backend --grammar-backend --mm-attention-backend --speculative-algorithm
--speculative-num-steps --speculative-eagle-topk --speculative-num-draft-tokens --moe-a2a-backend
--moe-runner-backend --deepep-mode --ep-num-redundant-experts --cuda-graph-max-bs --mem-pool-size
--disaggregation-mode --disaggregation-transfer-backend --disaggregation-bootstrap-port --disaggregation-ib-device
--max-lora-rank --hicache-ratio --hicache-size --hicache-write-policy --quantization-param-path --modelopt-quant
--model-impl --mamba-ssm-dtype --max-mamba-cache-size --collect-tokens-histogram --crash-dump-folder
"""
_SWITCHES = """
--trust-remote-code --skip-tokenizer-init --is-embedding --enable-multimodal --skip-server-warmup --enable-metrics
--enable-cache-report --log-requests --show-time-cost --enable-p2p-check --disable-radix-cache --disable-cuda-graph
--disable-custom-all-reduce --disable-overlap-schedule --enable-mixed-chunk --enable-dp-lm-head
--enable-two-batch-overlap --enable-torch-compile --enable-ep-moe --enable-deepep-moe --enable-eplb --enable-lora
--enable-hierarchical-cache --enable-memory-saver --enable-nccl-nvls --enable-symm-mem
--enable-flashinfer-allreduce-fusion
--disable-chunked-prefix-cache --disable-shared-experts-fusion --enable-deterministic-inference
"""
OPTIONS = options(_MEANINGS, _VALUED, _SWITCHES, "--lora-paths --cuda-graph-bs --prefill-round-robin-balance")
SERVE = Grammar(OPTIONS, takes_model=True, abbreviates=True)
