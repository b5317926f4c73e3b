// SPDX-License-Identifier: Apache-2.0
using UnityEngine;

namespace Facewire
{
    /// <summary>Where faces come from. A <see cref="FaceRenderer"/> shows them.</summary>
    public abstract class FaceSource : MonoBehaviour
    {
        private string told = "";

        /// <summary>Why nothing comes, in one sentence; empty while all is well.</summary>
        public abstract string Problem { get; }

        /// <summary>The face for now; false before the first.</summary>
        public abstract bool TryGetPose(FacePose pose);

        /// <summary>Say a problem in the console, once.</summary>
        protected void TellProblem()
        {
            string problem = Problem;
            if (problem != told && problem.Length > 0)
            {
                Debug.LogWarning("Facewire: " + problem, this);
            }
            told = problem;
        }
    }
}
