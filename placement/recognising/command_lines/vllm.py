"""Command line of vLLM 0.33 (vllm/engine/arg_utils.py, vllm/entrypoints)."""

from placement.recognising.command_lines.options import Grammar, Meaning, options

MEANINGS = {
    Meaning.MODEL: "--model",
    Meaning.SERVED_NAME: "--served-model-name*",
    Meaning.REVISION: "--revision",
    Meaning.TENSOR_PARALLEL: "--tensor-parallel-size -tp",
    Meaning.PIPELINE_PARALLEL: "--pipeline-parallel-size -pp",
    Meaning.DATA_PARALLEL: "--data-parallel-size -dp",
    Meaning.DATA_PARALLEL_LOCAL: "--data-parallel-size-local -dpl",
    Meaning.DATA_PARALLEL_RANK: "--data-parallel-rank -dpn",
    Meaning.PREFILL_CONTEXT_PARALLEL: "--prefill-context-parallel-size -pcp",
    Meaning.DECODE_CONTEXT_PARALLEL: "--decode-context-parallel-size -dcp",
    Meaning.EXPERT_PARALLEL: "--enable-expert-parallel -ep!",
    Meaning.NODES: "--nnodes -n",
    Meaning.NODE_RANK: "--node-rank -r",
    Meaning.HEADLESS: "--headless!",
    Meaning.MAX_LENGTH: "--max-model-len",
    Meaning.MEMORY_SHARE: "--gpu-memory-utilization",
    Meaning.QUANTIZATION: "--quantization -q",
    Meaning.DTYPE: "--dtype",
    Meaning.KV_CACHE_DTYPE: "--kv-cache-dtype",
    Meaning.SPECULATION: "--speculative-config -sc",
    Meaning.CONFIG_FILE: "--config",
}
VALUED = """
--data-parallel-start-rank -dpr --data-parallel-address -dpa --data-parallel-rpc-port -dpp
--data-parallel-backend -dpb --distributed-executor-backend --master-addr --master-port --all2all-backend
--kv-cache-memory-bytes --cpu-offload-gb --max-num-seqs --max-num-batched-tokens --block-size --seed --tokenizer
--tokenizer-mode --tokenizer-revision --code-revision --config-format --hf-config-path --hf-token --hf-overrides
--load-format --download-dir --model-loader-extra-config --model-impl --runner --convert --rope-scaling --rope-theta
--max-logprobs --max-seq-len-to-capture --generation-config --override-generation-config --logits-processor-pattern
--compilation-config -cc -O --cuda-graph-sizes --scheduling-policy --num-gpu-blocks-override --kv-transfer-config
--kv-events-config --ec-transfer-config --additional-config --structured-outputs-config --reasoning-parser
--tool-call-parser --tool-parser-plugin --chat-template --chat-template-content-format --response-role --host --port
--uds --uvicorn-log-level --root-path --api-key --ssl-keyfile --ssl-certfile --ssl-ca-certs --ssl-cert-reqs
--api-server-count -asc --max-loras --max-lora-rank --max-cpu-loras --lora-dtype --limit-mm-per-prompt
--mm-processor-kwargs --mm-processor-cache-gb --mm-encoder-tp-mode --mamba-ssm-cache-dtype --mamba-cache-dtype
--prefix-caching-hash-algo --worker-cls --worker-extension-cls --otlp-traces-endpoint --attention-backend
--stream-interval --max-log-len --allowed-origins --allowed-methods --allowed-headers --logging-config-file
--max-parallel-loading-workers --performance-mode
"""
SWITCHES = """
--trust-remote-code --enforce-eager --enable-prefix-caching --enable-chunked-prefill --disable-log-stats
--disable-log-requests --enable-log-requests --disable-uvicorn-access-log --enable-lora --enable-auto-tool-choice
--disable-custom-all-reduce --disable-sliding-window --disable-cascade-attn --enable-eplb --enable-dbo
--data-parallel-hybrid-lb -dph --data-parallel-external-lb -dpe --enable-prompt-embeds --skip-tokenizer-init
--async-scheduling --enable-sleep-mode --enable-ssl-refresh --enable-request-id-headers --enable-server-load-tracking
--disable-hybrid-kv-cache-manager --calculate-kv-scales --multi-step-stream-outputs --ray-workers-use-nsight
--allow-credentials --return-tokens-as-token-ids --disable-fastapi-docs --enable-log-outputs --language-model-only
--enable-prompt-tokens-details --enable-force-include-usage --fully-sharded-loras
"""
OPTIONS = options(
    MEANINGS, VALUED, SWITCHES, "--lora-modules --middleware --logits-processors --cudagraph-capture-sizes"
)
SERVE = Grammar(OPTIONS, takes_model=True, abbreviates=True)
# Modules that run the server without the command `vllm serve` take the model as an option alone.
MODULE = Grammar(OPTIONS, abbreviates=True)
