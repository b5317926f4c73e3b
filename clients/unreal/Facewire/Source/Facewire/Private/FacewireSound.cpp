// SPDX-License-Identifier: Apache-2.0
#include "FacewireSound.h"

#include "Components/AudioComponent.h"
#include "FacewireSettings.h"
#include "GameFramework/Actor.h"
#include "Sound/SoundWaveProcedural.h"

void UFacewireSound::BeginPlay()
{
	Super::BeginPlay();
	Connection = MakeUnique<FFacewireConnection>(GetDefault<UFacewireSettings>()->Server, true);
	Connection->OnHello.BindUObject(this, &UFacewireSound::TakeHello);
	Connection->OnAudio.BindUObject(this, &UFacewireSound::TakeAudio);
}

void UFacewireSound::EndPlay(const EEndPlayReason::Type Reason)
{
	Connection.Reset();
	if (Player)
	{
		Player->Stop();
	}
	Super::EndPlay(Reason);
}

void UFacewireSound::TakeHello(const facewire::Hello& Hello)
{
	SampleRate = Hello.sampleRate;
	NextSample = -1;
	Wave = NewObject<USoundWaveProcedural>(this);
	Wave->SetSampleRate(SampleRate);
	Wave->NumChannels = 1;
	Wave->Duration = INDEFINITELY_LOOPING_DURATION;
	Wave->SoundGroup = SOUNDGROUP_Voice;
	if (!Player)
	{
		Player = NewObject<UAudioComponent>(this);
		Player->SetupAttachment(GetOwner()->GetRootComponent());
		Player->RegisterComponent();
	}
	Player->SetSound(Wave);
	Player->Play();
}

void UFacewireSound::TakeAudio(const facewire::Audio& Audio)
{
	if (!Wave)
	{
		return;
	}
	// Silence in front waits for the faces; silence for what was lost keeps the rest in its place.
	const int64 Gap = NextSample < 0 ? static_cast<int64>(DelaySeconds * SampleRate)
									 : FMath::Clamp<int64>(Audio.start - NextSample, 0, SampleRate);
	TArray<int16> Samples;
	Samples.SetNumZeroed(static_cast<int32>(Gap));
	Samples.Append(Audio.samples.data(), static_cast<int32>(Audio.samples.size()));
	Wave->QueueAudio(reinterpret_cast<const uint8*>(Samples.GetData()), Samples.Num() * sizeof(int16));
	NextSample = Audio.start + static_cast<int64>(Audio.samples.size());
}
