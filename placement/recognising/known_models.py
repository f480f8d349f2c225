"""Models whose size is published, read from their configuration and the index of their checkpoint.

Columns: id, parameters in billions, layers, bytes of keys and values per token (16 bit, one device, only layers that
grow with the sequence), weights of the native checkpoint in GiB, its number format. `-` is not known.
"""

TABLE = """
meta-llama/Llama-3.2-1B-Instruct 1.236 16 32768 2.3 bfloat16
meta-llama/Llama-3.2-3B-Instruct 3.213 28 114688 5.98 bfloat16
meta-llama/Llama-3.1-8B-Instruct 8.03 32 131072 14.96 bfloat16
meta-llama/Llama-3.3-70B-Instruct 70.554 80 327680 131.42 bfloat16
meta-llama/Llama-3.1-405B-Instruct 405.853 126 516096 755.96 bfloat16
meta-llama/Llama-4-Scout-17B-16E-Instruct 109 48 196608 - bfloat16
meta-llama/Llama-4-Maverick-17B-128E-Instruct 400 48 196608 - bfloat16
Qwen/Qwen2.5-0.5B-Instruct 0.494 24 12288 0.92 bfloat16
Qwen/Qwen2.5-1.5B-Instruct 1.544 28 28672 2.88 bfloat16
Qwen/Qwen2.5-3B-Instruct 3.086 36 36864 5.75 bfloat16
Qwen/Qwen2.5-7B-Instruct 7.616 28 57344 14.19 bfloat16
Qwen/Qwen2.5-14B-Instruct 14.77 48 196608 27.51 bfloat16
Qwen/Qwen2.5-32B-Instruct 32.764 64 262144 61.03 bfloat16
Qwen/Qwen2.5-72B-Instruct 72.706 80 327680 135.43 bfloat16
Qwen/Qwen3-0.6B 0.596 28 114688 1.11 bfloat16
Qwen/Qwen3-1.7B 1.721 28 114688 3.2 bfloat16
Qwen/Qwen3-8B 8.191 36 147456 15.26 bfloat16
Qwen/Qwen3-32B 32.762 64 262144 61.02 bfloat16
Qwen/Qwen3-4B 4.022 36 147456 7.49 bfloat16
Qwen/Qwen3-14B 14.768 40 163840 27.51 bfloat16
Qwen/Qwen3-30B-A3B 30.53 48 98304 56.87 bfloat16
Qwen/Qwen3-235B-A22B 235.09 94 192512 437.9 bfloat16
Qwen/Qwen3-Coder-480B-A35B-Instruct 480.15 62 253952 894.36 bfloat16
Qwen/Qwen3.5-27B 27 64 65536 51.75 bfloat16
Qwen/Qwen3.5-35B-A3B 35 40 20480 66.97 bfloat16
Qwen/Qwen3.5-122B-A10B 122 48 24576 232.99 bfloat16
Qwen/Qwen3.5-397B-A17B 397 60 30720 739.5 bfloat16
Qwen/Qwen3.5-4B 4 32 32768 8.68 bfloat16
Qwen/Qwen3.5-9B 9 32 32768 17.98 bfloat16
Qwen/Qwen3.8-27B 27 64 65536 51.75 bfloat16
deepseek-ai/DeepSeek-V3 671 61 70272 641.3 fp8
deepseek-ai/DeepSeek-R1 671 61 70272 641.3 fp8
deepseek-ai/DeepSeek-V3.2 671 61 70272 642.14 fp8
deepseek-ai/DeepSeek-V4-Flash 284 43 88064 155.43 fp8+fp4
deepseek-ai/DeepSeek-V4-Pro 1600 61 124928 805.34 fp8+fp4
moonshotai/Kimi-K2-Instruct 1000 61 70272 - fp8
moonshotai/Kimi-K2.5 1000 61 70272 554.32 int4
moonshotai/Kimi-K3 2800 93 27648 - mxfp4
zai-org/GLM-5.2-FP8 743 78 89856 703.75 fp8
zai-org/GLM-5 744 78 89856 - bfloat16
MiniMaxAI/MiniMax-M2.7 230 62 253952 214.34 fp8
MiniMaxAI/MiniMax-M3 427 60 122880 - bfloat16
XiaomiMiMo/MiMo-V2-Flash 309 48 23040 - fp8
stepfun-ai/Step-3.7-Flash 198 45 49152 - bfloat16
openai/gpt-oss-20b 20.9 24 24576 13.47 mxfp4
openai/gpt-oss-120b 116.8 36 36864 64.38 mxfp4
mistralai/Mixtral-8x7B-Instruct-v0.1 46.7 32 131072 - bfloat16
mistralai/Mixtral-8x22B-Instruct-v0.1 140.6 56 229376 - bfloat16
mistralai/Mistral-7B-Instruct-v0.3 7.248 32 131072 13.5 bfloat16
mistralai/Mistral-Small-3.2-24B-Instruct-2506 24.0 40 163840 44.76 bfloat16
mistralai/Mistral-Small-4-119B-2603 119 36 23040 112.63 fp8
mistralai/Mistral-Large-3-675B-Instruct-2512 675 61 70272 634.7 fp8
mistralai/Mistral-Medium-3.5-128B 128 88 360448 124.43 fp8
mistralai/Ministral-3-14B-Instruct-2512 14 40 163840 14.65 fp8
google/gemma-3-4b-it 4.3 34 139264 8.01 bfloat16
google/gemma-3-27b-it 27.4 62 507904 51.1 bfloat16
google/gemma-4-31B-it 31 60 81920 58.25 bfloat16
google/gemma-4-26B-A4B-it 26 30 20480 48.07 bfloat16
google/gemma-4-12B-it 12 48 - 22.28 bfloat16
microsoft/phi-4 14.66 40 204800 27.31 bfloat16
microsoft/Phi-4-mini-instruct 3.836 32 131072 7.15 bfloat16
nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16 31.6 52 6144 58.82 bfloat16
nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-BF16 123.6 88 8192 230.25 bfloat16
nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-NVFP4 550 108 12288 328.13 nvfp4
nvidia/NVIDIA-Nemotron-Nano-9B-v2 8.9 56 16384 16.56 bfloat16
ibm-granite/granite-4.1-8b 8.8 40 163840 16.38 bfloat16
Qwen/Qwen3-Next-80B-A3B-Instruct 80 48 24576 - bfloat16
BAAI/bge-large-zh-v1.5 0.326 24 0 1.21 float32
BAAI/bge-m3 0.568 24 0 2.12 float32
"""
